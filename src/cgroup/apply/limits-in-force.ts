import { hasErrno, type Native } from '../../host/native.ts';
import type { Resources } from '../../spec/config.ts';
import type { PresentLimits } from '../limits/draft.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';

/** Page counters at or above this are "no limit" (v1 writes it as 2^63 rounded down to pages). */
const UNLIMITED = 2n ** 62n;

/** Reads what the planner has to know of a cgroup in use; only the files that the new resources make interesting. */
export function limitsInForce(native: Native, cgroup: SavedCgroup, resources: Resources): PresentLimits {
  const read = (controller: string, v1: string | undefined, v2: string | undefined): string | undefined => {
    const hierarchy = hierarchyWith(cgroup, controller)?.path;
    const path = hierarchy === undefined ? join(cgroup.unified?.path, v2) : join(hierarchy, v1);
    if (path === undefined) return undefined;
    try {
      return native.readText(path, 1024 * 1024).trim();
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  };
  const bytes = (v1: string | undefined, v2: string | undefined): bigint | undefined => {
    if (resources.memory === undefined) return undefined;
    const text = read('memory', v1, v2);
    if (text === undefined || !/^\d+$/.test(text)) return undefined;
    const value = BigInt(text);
    return value >= UNLIMITED ? undefined : value;
  };
  const period = (): bigint | undefined => {
    const text = read('cpu', 'cpu.rt_period_us', undefined);
    return text === undefined ? undefined : BigInt(text);
  };
  return {
    memoryLimit: bytes('memory.limit_in_bytes', 'memory.max'),
    memorySwap: bytes('memory.memsw.limit_in_bytes', undefined),
    memoryUsage: bytes('memory.usage_in_bytes', 'memory.current'),
    cpuMax: resources.cpu === undefined ? undefined : read('cpu', undefined, 'cpu.max'),
    realtimePeriod: resources.cpu?.realtimePeriod === undefined ? undefined : period(),
    devices: resources.devices === undefined ? undefined : read('devices', 'devices.list', undefined),
  };
}

function join(directory: string | undefined, file: string | undefined): string | undefined {
  return directory === undefined || file === undefined ? undefined : `${directory}/${file}`;
}
