import { Failure } from '../../failure.ts';
import { hasErrno } from '../../host/native.ts';
import { waitUntil } from '../../host/wait.ts';
import type { CgroupEntry } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { membersOf } from '../cgroupfs/tree.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import { scopeOf } from './scope-of.ts';
import { attachProcesses, refused } from './unit-manager.ts';

/** Milliseconds that systemd gets to move a process. */
const patience = 10_000;

/** Has systemd move a process into a scope, or into a cgroup below it. Throws `Failure` `system`. */
export async function attachProcess(
  host: CgroupHost,
  saved: SavedCgroup,
  pid: number,
  entry: CgroupEntry,
): Promise<void> {
  const { unit, kind, path } = scopeOf(saved);
  const directory = entry.unifiedDirectory() ?? path;
  try {
    await attachProcesses(host, kind, { unit, below: directory.slice(path.length) }, [pid]);
  } catch (error) {
    throw refused('take a process into', unit, error);
  }
  if (!(await waitUntil(host.wait, patience, () => membersOf(host.native, directory).includes(pid))))
    throw new Failure('system', `systemd did not move the process to "${directory}" in ${patience / 1000} s`);
}

/**
 * Puts a process of ours that is in a scope into a cgroup below it: by our own hand, or by systemd's where we may
 * not. Throws `Failure` `system`.
 */
export async function moveBelow(
  host: CgroupHost,
  saved: SavedCgroup,
  pid: number,
  entry: CgroupEntry,
): Promise<void> {
  const directory = entry.unifiedDirectory() ?? scopeOf(saved).path;
  try {
    host.native.writeFile(`${directory}/cgroup.procs`, String(pid));
  } catch (error) {
    // "Delegation Containment" of cgroup-v2.rst: who is outside of a tree moves nobody in it
    if (!hasErrno(error, 'EACCES', 'EPERM', 'ENOENT')) throw error;
    await attachProcess(host, saved, pid, entry);
  }
}
