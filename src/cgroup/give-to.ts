import { hasErrno, type Native } from '../host/native.ts';

/** config-linux.md, "Cgroup ownership": when the kernel has no list of its own. */
const FALLBACK = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];

/** Makes a user the owner of a v2 cgroup and of the files in it that are safe to delegate; see `Cgroup.giveTo`. */
export function giveTo(native: Native, path: string, userId: number): void {
  const unchanged = -1;
  native.chown(path, userId, unchanged);
  for (const file of delegatedFiles(native)) {
    try {
      native.chown(`${path}/${file}`, userId, unchanged);
    } catch (error) {
      // the list is the kernel's, not this cgroup's
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }
}

function delegatedFiles(native: Native): string[] {
  try {
    return native
      .readText('/sys/kernel/cgroup/delegate', 4096)
      .split('\n')
      .filter((name) => name !== '' && !name.includes('/'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return FALLBACK;
    throw error;
  }
}
