import { hasErrno, type Native } from '../../host/native.ts';

/** config-linux.md, "Cgroup ownership": when the kernel has no list of its own. */
const FALLBACK = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];

/** Makes a user the owner of a v2 cgroup and of the files in it that are safe to delegate; see `Cgroup.giveTo`. */
export function changeOwner(native: Native, path: string, userId: number): void {
  // the list of files is the kernel's, not this cgroup's: what is not here is not missed
  for (const name of [path, ...delegatedFiles(native).map((file) => `${path}/${file}`)]) {
    const status = native.status(name, false);
    if (status !== undefined) native.chown(name, userId, status.gid);
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
