import { Failure } from '../failure.ts';
import { hasErrno, type Native } from './native.ts';

/**
 * A path that means the same from anywhere. The working directory is asked for relative ones alone: it may have been
 * removed or unmounted, as callers may stand in a bundle.
 *
 * Throws `Failure` (`invalid`) for a relative path without a working directory.
 */
export function absolutePath(native: Native, path: string): string {
  if (path.startsWith('/')) return path;
  let directory: string | undefined;
  try {
    directory = native.workingDirectory();
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  // what the kernel says of a directory that was unmounted begins with "(unreachable)" (getcwd(2))
  if (!directory?.startsWith('/'))
    throw new Failure('invalid', `"${path}" is relative, and the working directory is not there any more`, {
      hint: 'Use an absolute path, or call from another directory.',
    });
  return `${directory}/${path}`;
}
