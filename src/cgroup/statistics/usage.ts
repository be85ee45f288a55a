import type { Native } from '../../host/native.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';
import type { BlockIoEntry, Pressure } from './cgroup-statistics.ts';
import { StatisticsFiles, v1Limit } from './statistics-files.ts';
import { serviceBytesV1 } from './statistics-v1.ts';
import { blockIo } from './statistics-v2.ts';

/**
 * The few numbers that are looked at again and again, for many containers at once. A part is undefined when the
 * machine does not count it, a limit when there is none.
 */
export interface CgroupUsage {
  readonly cpu:
    | {
        /** Nanoseconds. */
        readonly total: number;
        readonly periods: number | undefined;
        readonly throttledPeriods: number | undefined;
      }
    | undefined;
  /** Bytes. */
  readonly memory: { readonly usage: number; readonly limit: number | undefined } | undefined;
  readonly pids: { readonly current: number; readonly limit: number | undefined } | undefined;
  /** Bytes by device. */
  readonly serviceBytes: readonly BlockIoEntry[] | undefined;
  readonly pressure: {
    readonly cpu: Pressure | undefined;
    readonly memory: Pressure | undefined;
    readonly io: Pressure | undefined;
  };
}

/** Reads a dozen files, where `readStatistics` reads fifty. */
export function readUsage(native: Native, cgroup: SavedCgroup): CgroupUsage {
  const filesOf = (controller: string): StatisticsFiles | undefined => {
    const path = hierarchyWith(cgroup, controller)?.path;
    return path === undefined ? undefined : new StatisticsFiles(native, path);
  };
  const unified = cgroup.unified === undefined ? undefined : new StatisticsFiles(native, cgroup.unified.path);
  const pressure = {
    cpu: unified?.pressure('cpu.pressure'),
    memory: unified?.pressure('memory.pressure'),
    io: unified?.pressure('io.pressure'),
  };
  if (cgroup.mode === 'v2') return { ...usageV2(unified), pressure };
  const memory = filesOf('memory');
  const block = filesOf('blkio');
  const cpu = filesOf('cpu')?.flat('cpu.stat');
  const total = filesOf('cpuacct')?.number('cpuacct.usage');
  return {
    cpu: cpuUsage(total, cpu),
    memory: counter(
      memory?.number('memory.usage_in_bytes'),
      v1Limit(memory?.number('memory.limit_in_bytes')),
    ),
    pids: tasks(filesOf('pids')),
    serviceBytes: block && serviceBytesV1(block),
    pressure,
  };
}

function usageV2(files: StatisticsFiles | undefined): Omit<CgroupUsage, 'pressure'> {
  const cpu = files?.flat('cpu.stat');
  const microseconds = cpu?.['usage_usec'];
  return {
    cpu: cpuUsage(microseconds === undefined ? undefined : microseconds * 1000, cpu),
    memory: counter(files?.number('memory.current'), files?.number('memory.max')),
    pids: tasks(files),
    serviceBytes: files && blockIo(files)?.serviceBytes,
  };
}

function cpuUsage(
  total: number | undefined,
  stat: Readonly<Record<string, number>> | undefined,
): CgroupUsage['cpu'] {
  if (total === undefined && stat === undefined) return undefined;
  return { total: total ?? 0, periods: stat?.['nr_periods'], throttledPeriods: stat?.['nr_throttled'] };
}

function counter(usage: number | undefined, limit: number | undefined): CgroupUsage['memory'] {
  return usage === undefined ? undefined : { usage, limit };
}

function tasks(files: StatisticsFiles | undefined): CgroupUsage['pids'] {
  const current = files?.number('pids.current');
  return current === undefined ? undefined : { current, limit: files?.number('pids.max') };
}
