import type { Native } from '../../host/native.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import type { CgroupStatistics } from './cgroup-statistics.ts';
import { StatisticsFiles } from './statistics-files.ts';
import { statisticsV1 } from './statistics-v1.ts';
import { statisticsV2 } from './statistics-v2.ts';

/**
 * Everything that a cgroup's files tell. Files that are not there (other kernels, other controllers) leave their part
 * out.
 */
export function readStatistics(native: Native, cgroup: SavedCgroup): CgroupStatistics {
  const unified = cgroup.unified === undefined ? undefined : new StatisticsFiles(native, cgroup.unified.path);
  if (cgroup.mode === 'v2' && unified !== undefined) return statisticsV2(unified);
  const files = new Map<string, StatisticsFiles>();
  for (const { controllers, path } of cgroup.hierarchies)
    for (const controller of controllers) files.set(controller, new StatisticsFiles(native, path));
  return statisticsV1(files, unified);
}
