import { Failure } from '../failure.ts';
import { isRegularFile } from '../host/file-types.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import { programDirectories } from '../host/program-directories.ts';

/**
 * Absolute path of the CRIU program: the one that was named, or the first in the usual directories.
 * @throws Failure `unsupported` when there is none
 */
export function findCriu(native: Native, named: string | undefined): string {
  const hint = 'Install it (Debian: `apt-get install criu`), or name its program with --criu';
  if (named?.includes('/')) {
    if (isFile(native, named)) return ask('find CRIU', named, () => native.realPath(named));
    throw new Failure('unsupported', `there is no CRIU program "${named}"`, { hint });
  }
  const name = named ?? 'criu';
  for (const directory of programDirectories)
    if (isFile(native, `${directory}/${name}`)) return `${directory}/${name}`;
  throw new Failure('unsupported', `checkpoint and restore need CRIU, and "${name}" is not installed`, {
    hint,
  });
}

function isFile(native: Native, path: string): boolean {
  return isRegularFile(ask('look for CRIU', path, () => native.status(path, true)));
}
