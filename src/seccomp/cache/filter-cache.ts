import { messageOf } from '../../failure.ts';
import { isDirectory, isRegularFile } from '../../host/file-types.ts';
import { ask, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { decodeEntry, encodeEntry, type FilterEntry, largestEntry } from './filter-entry.ts';
import type { FilterKey } from './filter-key.ts';

/** More files than any engine's set of profiles; past that, all go and those in use come back. */
const mostFiles = 64;

const othersMask = 0o077;

/**
 * Where compiled filters are kept, below the directory of all containers' state. `@` cannot be in a container id, so
 * no container can be meant by the name.
 */
export function seccompCacheDirectory(stateRoot: string): string {
  return `${stateRoot}/@seccomp`;
}

/**
 * The filter that was stored for exactly this key, by us, with a libseccomp that is still the installed one. Anything
 * else, a damaged file included, reads as absent: it will be compiled again and replaced.
 *
 * @throws Failure `system`, for a failure to read what is ours and there
 */
export function readCachedFilter(native: Native, directory: string, key: FilterKey): FilterEntry | undefined {
  const path = `${directory}/${key.fileName}`;
  if (!isPrivate(native, directory, isDirectory) || !isPrivate(native, path, isRegularFile)) return undefined;
  // Removed since (another command cleaned up), or not a file of ours after all.
  const file = askUnless(['ENOENT', 'EFBIG'], 'read the cached seccomp filter', path, () =>
    native.readFile(path, largestEntry),
  );
  const entry = file && decodeEntry(native, file, key.text);
  return entry && isSameLibrary(native, entry) ? entry : undefined;
}

/**
 * Stores a filter: private directory, exclusive temporary file, atomic rename. Without the cache everything works,
 * only slower, so a failure is not thrown but told.
 *
 * @returns a warning when the filter could not be stored
 */
export function writeCachedFilter(
  native: Native,
  directory: string,
  key: FilterKey,
  entry: FilterEntry,
): string | undefined {
  const temporary = `${directory}/${key.fileName}.${native.processId()}.${native.monotonic()}`;
  try {
    makePrivateDirectory(native, directory);
    if (!isPrivate(native, directory, isDirectory)) {
      return `the seccomp cache ${directory} is not used: it must be a directory of this user with mode 0700`;
    }
    removeWhenFull(native, directory);
    native.createFile(temporary, encodeEntry(native, entry, key.text), 0o600, false);
    try {
      native.rename(temporary, `${directory}/${key.fileName}`);
    } catch (error) {
      native.unlink(temporary);
      throw error;
    }
    return undefined;
  } catch (error) {
    return `the seccomp filter could not be kept in ${directory}: ${messageOf(error)}`;
  }
}

/** True for something of the kind that is this user's and nobody else's. Links are not followed. */
function isPrivate(native: Native, path: string, isKind: typeof isDirectory): boolean {
  const status = ask('look at', path, () => native.status(path, false));
  return (
    status !== undefined &&
    isKind(status) &&
    (status.mode & othersMask) === 0 &&
    status.uid === native.userId()
  );
}

/** A package manager that replaces the library gives it a new inode. */
function isSameLibrary(native: Native, entry: FilterEntry): boolean {
  const { path, device, inode, size } = entry.library;
  const status = ask('look at', path, () => native.status(path, true));
  return status !== undefined && status.dev === device && status.ino === inode && status.size === size;
}

function makePrivateDirectory(native: Native, directory: string): void {
  askUnless(['EEXIST'], 'make', directory, () => native.makeDirectory(directory, 0o700));
}

/** Also sweeps up temporary files of writers that were killed. */
function removeWhenFull(native: Native, directory: string): void {
  const names = ask('list', directory, () => native.readDirectory(directory));
  if (names.length < mostFiles) return;
  for (const name of names) {
    const path = `${directory}/${name}`;
    // Another command may have swept at the same time.
    askUnless(['ENOENT'], 'remove', path, () => native.unlink(path));
  }
}
