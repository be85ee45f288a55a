import { ask } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { removeIfThere } from '../process/pid-file.ts';

/**
 * Where CRIU works during a restore unless the caller names a directory: beside the state of the container, never in
 * the images, which come from anywhere. The name is no id, so it is nobody's state.
 */
export function ownWorkPath(root: string, id: string): string {
  return `${root}/${id}@restore`;
}

/** After a restore that succeeded nobody needs the log; after one that failed it stays, as the message says. */
export function removeOwnWork(native: Native, path: string): void {
  for (const name of ask('list', path, () => native.readDirectory(path)))
    removeIfThere(native, `${path}/${name}`);
  ask('remove', path, () => native.removeDirectory(path));
}
