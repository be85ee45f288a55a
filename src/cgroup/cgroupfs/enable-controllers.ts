import { hasErrno, isSystemError, type Native } from '../../host/native.ts';

const MAXIMUM = 4096;

/**
 * Hands controllers down from the root of the unified hierarchy to the parent of `path`, so that `path` has their
 * files (cgroup-v2.rst, "Enabling and Disabling").
 *
 * What cannot be enabled is left: a cgroup of a delegated tree is not ours above a certain point, and a controller
 * that no limit needs is no reason to fail. The limit that does need it fails, and says so.
 */
export function enableControllers(
  native: Native,
  mount: string,
  path: string,
  controllers: readonly string[],
): void {
  const parts = path.slice(mount.length).split('/').slice(1, -1);
  let directory = mount;
  for (const part of ['', ...parts]) {
    if (part !== '') directory += `/${part}`;
    enableIn(native, directory, controllers);
  }
}

function enableIn(native: Native, directory: string, controllers: readonly string[]): void {
  const file = `${directory}/cgroup.subtree_control`;
  const enabled = namesIn(native, file);
  const missing = controllers.filter((controller) => !enabled.includes(controller));
  if (missing.length === 0 || attempt(native, file, missing)) return;
  // one that cannot be had must not keep the others away
  if (missing.length > 1) for (const controller of missing) attempt(native, file, [controller]);
}

function attempt(native: Native, file: string, controllers: readonly string[]): boolean {
  try {
    native.writeFile(file, controllers.map((controller) => `+${controller}`).join(' '));
    return true;
  } catch (error) {
    if (isSystemError(error) && !hasErrno(error, 'ENODEV')) return false;
    throw error;
  }
}

/** Names in a cgroup.controllers file. */
export function readControllers(native: Native, directory: string): string[] {
  return namesIn(native, `${directory}/cgroup.controllers`);
}

/** Names in a file that lists controllers. */
export function namesIn(native: Native, path: string): string[] {
  const text = native.readText(path, MAXIMUM).trim();
  return text === '' ? [] : text.split(' ');
}
