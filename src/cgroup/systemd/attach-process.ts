import { Failure } from '../../failure.ts';
import { waitUntil } from '../../host/wait.ts';
import type { CgroupEntry, SavedCgroup } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { membersOf } from '../tree.ts';
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
    await attachProcesses(host, kind, unit, directory.slice(path.length), [pid]);
  } catch (error) {
    throw refused('take a process into', unit, error);
  }
  if (!(await waitUntil(host.wait, patience, () => membersOf(host.native, directory).includes(pid))))
    throw new Failure('system', `systemd did not move the process to "${directory}" in ${patience / 1000} s`);
}
