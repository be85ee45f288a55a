import type { Native } from '../../host/native.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';
import { StatisticsFiles } from './statistics-files.ts';

/** A line of a file that a controller has, under another name in each version. */
interface EventCounter {
  readonly controller: string;
  readonly v1: string;
  readonly v2: string;
  readonly key: string;
}

/** One counter of a file of a controller, which may live in either version; 0 when it is not there. */
function count(
  native: Native,
  cgroup: SavedCgroup,
  { controller, v1: fileOfV1, v2, key }: EventCounter,
): number {
  const hierarchy = hierarchyWith(cgroup, controller);
  const directory = hierarchy?.path ?? cgroup.unified?.path;
  if (directory === undefined) return 0;
  const file = hierarchy === undefined ? v2 : fileOfV1;
  return new StatisticsFiles(native, directory).flat(file)?.[key] ?? 0;
}

/** Processes that the kernel killed in a cgroup for want of memory, as far as it counts them. */
export function oomKills(native: Native, cgroup: SavedCgroup): number {
  return count(native, cgroup, {
    controller: 'memory',
    v1: 'memory.oom_control',
    v2: 'memory.events',
    key: 'oom_kill',
  });
}

/** How often the limit of processes kept a cgroup from having one more. */
export function forksRefused(native: Native, cgroup: SavedCgroup): number {
  return count(native, cgroup, { controller: 'pids', v1: 'pids.events', v2: 'pids.events', key: 'max' });
}
