import { failuresOf, withCleanup } from '../../failure.ts';
import { ask, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';

/** Longest name of a file, in bytes (NAME_MAX). */
const longestName = 255;

/** The name under which a pid file is written before it appears under its own. */
export function temporaryName(path: string, id: string): string {
  const slash = path.lastIndexOf('/');
  // The id keeps two containers apart.
  return path.slice(0, slash + 1) + beginning(`.${path.slice(slash + 1)}.${id}`, longestName);
}

/** As many of the first characters as fit into so many bytes of UTF-8. */
function beginning(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (left < 0) break;
    kept += character;
  }
  return kept;
}

/** Writes a pid atomically, without a newline, as engines read it. Throws `Failure` (`system`). */
export function writePidFile(native: Native, path: string, id: string, pid: number): void {
  const temporary = temporaryName(path, id);
  removeIfThere(native, temporary);
  try {
    ask('write the pid file', path, () => {
      native.createFile(temporary, String(pid), 0o644, false);
      native.rename(temporary, path);
    });
  } catch (error) {
    throw withCleanup(
      error,
      failuresOf(() => removeIfThere(native, temporary)),
    );
  }
}

/** Unlinks; what is gone already is fine. */
export function removeIfThere(native: Native, path: string): void {
  askUnless(['ENOENT', 'ENOTDIR'], 'remove', path, () => native.unlink(path));
}
