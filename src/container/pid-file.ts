import { Failure, messageOf } from '../failure.ts';
import { hasErrno, type Native } from '../host/native.ts';

/** The name under which a pid file is written before it appears under its own. */
export function temporaryName(path: string, id: string): string {
  const slash = path.lastIndexOf('/');
  // The id keeps two containers apart; names end at 255 bytes.
  return `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.${id}`.slice(0, slash + 1 + 250);
}

/** Writes a pid atomically, without a newline, as engines read it. Throws `Failure` (`system`). */
export function writePidFile(native: Native, path: string, id: string, pid: number): void {
  const temporary = temporaryName(path, id);
  try {
    removeIfThere(native, temporary);
    native.createFile(temporary, String(pid), 0o644, false);
    native.rename(temporary, path);
  } catch (cause) {
    throw new Failure('system', `can't write the pid file "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** Unlinks; what is gone already is fine. */
export function removeIfThere(native: Native, path: string): void {
  try {
    native.unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}
