import type { Native } from '../host/native.ts';
import type { SavedCgroup } from './cgroup.ts';
import { hierarchyOf } from './hierarchy-of.ts';
import { StatisticsFiles } from './statistics-files.ts';

/** One counter of a file of a controller, which may live in either version; 0 when it is not there. */
function count(
  native: Native,
  cgroup: SavedCgroup,
  controller: string,
  files: { readonly v1: string; readonly v2: string },
  key: string,
): number {
  const v1 = hierarchyOf(cgroup, controller);
  const directory = v1?.path ?? cgroup.unified?.path;
  if (directory === undefined) return 0;
  const file = v1 === undefined ? files.v2 : files.v1;
  return new StatisticsFiles(native, directory).flat(file)?.[key] ?? 0;
}

/** Processes that the kernel killed in a cgroup for want of memory, as far as it counts them. */
export function oomKills(native: Native, cgroup: SavedCgroup): number {
  return count(native, cgroup, 'memory', { v1: 'memory.oom_control', v2: 'memory.events' }, 'oom_kill');
}

/** How often the limit of processes kept a cgroup from having one more. */
export function forksRefused(native: Native, cgroup: SavedCgroup): number {
  return count(native, cgroup, 'pids', { v1: 'pids.events', v2: 'pids.events' }, 'max');
}
