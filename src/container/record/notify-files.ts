import { hasErrno, type Native } from '../../host/native.ts';
import { notifyName } from '../../spec/notify.ts';
import { unlinkIfThere } from './store-failure.ts';

/** What a container sees of its state directory; for anybody, where the rest is the owner's alone. */
const notifyFiles = 'notify';

/** The name of the directory that is mounted in a container for what it tells the service manager. */
export function notifyDirectory(store: { directory(id: string): string }, id: string): string {
  return `${store.directory(id)}/${notifyFiles}`;
}

/** Where the container's socket is made, for the holder of the lock. */
export function notifySocketPath(store: { heldDirectory(id: string): string }, id: string): string {
  return `${store.heldDirectory(id)}/${notifyFiles}/${notifyName}`;
}

/** Makes that directory. Throws `SystemError`. */
export function createNotifyFiles(native: Native, directory: string): void {
  const path = `${directory}/${notifyFiles}`;
  native.makeDirectory(path, 0o755);
  // Nobody else is there yet; the umask may have taken some of it away.
  native.chmod(path, 0o755);
}

/**
 * A container that may mount can have made it writable. What it put there goes, directories of its own too, in which
 * a process that is left may still move things (csrc/addon/trees.c). Throws `SystemError`.
 */
export function removeNotifyFiles(native: Native, directory: string): void {
  const path = `${directory}/${notifyFiles}`;
  try {
    unlinkIfThere(native, `${path}/${notifyName}`);
    native.removeDirectory(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return;
    if (!hasErrno(error, 'ENOTEMPTY', 'EISDIR', 'EPERM')) throw error;
    native.removeAll(path);
  }
}
