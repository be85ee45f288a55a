import type { BlockIoEntry, CgroupStatistics, UsageCounter } from './cgroup-statistics.ts';
import { cpusetV2 } from './cpuset-statistics.ts';
import { type StatisticsFiles, usageCounter } from './statistics-files.ts';
import { rdma, unifiedHugepages } from './statistics-v1.ts';

const MICROSECOND = 1000;

/** Statistics out of a directory of the unified hierarchy (Documentation/admin-guide/cgroup-v2.rst). */
export function statisticsV2(files: StatisticsFiles): CgroupStatistics {
  return {
    cpu: cpu(files),
    cpuset: cpusetV2(files),
    memory: memory(files),
    pids: pids(files),
    blockIo: withPressure(files, blockIo(files)),
    hugepages: unifiedHugepages(files),
    rdma: rdma(files),
  };
}

function cpu(files: StatisticsFiles): CgroupStatistics['cpu'] {
  const stat = files.flat('cpu.stat');
  if (stat === undefined) return undefined;
  const nanoseconds = (name: string) => {
    const microseconds = stat[name];
    return microseconds === undefined ? undefined : microseconds * MICROSECOND;
  };
  return {
    total: nanoseconds('usage_usec') ?? 0,
    user: nanoseconds('user_usec') ?? 0,
    system: nanoseconds('system_usec') ?? 0,
    perCpu: undefined,
    perCpuUser: undefined,
    perCpuSystem: undefined,
    periods: stat['nr_periods'],
    throttledPeriods: stat['nr_throttled'],
    throttledTime: nanoseconds('throttled_usec'),
    pressure: files.pressure('cpu.pressure'),
  };
}

function memory(files: StatisticsFiles): CgroupStatistics['memory'] {
  const raw = files.flat('memory.stat');
  const events = files.flat('memory.events');
  const limit = files.number('memory.max');
  const maximum = files.number('memory.peak');
  const usage = usageCounter(files.number('memory.current'), maximum, limit, events?.['max']);
  if (raw === undefined || usage === undefined) return undefined;
  const swapOnly = usageCounter(
    files.number('memory.swap.current'),
    files.number('memory.swap.peak'),
    files.number('memory.swap.max'),
    files.flat('memory.swap.events')?.['max'],
  );
  return {
    usage,
    swap: swapOnly === undefined ? undefined : together(usage, swapOnly),
    swapOnly,
    kernel: usageCounter(raw['kernel'], undefined, undefined, undefined),
    kernelTcp: usageCounter(raw['sock'], undefined, undefined, undefined),
    cache: raw['file'] ?? 0,
    oomKills: events?.['oom_kill'],
    events: events ?? {},
    useHierarchy: true,
    raw,
    pressure: files.pressure('memory.pressure'),
  };
}

/** Memory and swap in one counter, as v1 and the configuration count. */
function together(memory: UsageCounter, swap: UsageCounter): UsageCounter {
  const limit =
    memory.limit === undefined || swap.limit === undefined ? undefined : memory.limit + swap.limit;
  return { usage: memory.usage + swap.usage, maximum: undefined, limit, failures: swap.failures };
}

function pids(files: StatisticsFiles): CgroupStatistics['pids'] {
  const current = files.number('pids.current');
  return current === undefined ? undefined : { current, limit: files.number('pids.max') };
}

/** io.stat's keys under the names that v1 gives the operations. */
const OPERATIONS = [
  ['rbytes', 'serviceBytes', 'Read'],
  ['wbytes', 'serviceBytes', 'Write'],
  ['dbytes', 'serviceBytes', 'Discard'],
  ['rios', 'serviced', 'Read'],
  ['wios', 'serviced', 'Write'],
  ['dios', 'serviced', 'Discard'],
] as const;

/** Without the pressure, which is in another file. */
export function blockIo(
  files: StatisticsFiles,
): Pick<NonNullable<CgroupStatistics['blockIo']>, 'serviceBytes' | 'serviced'> | undefined {
  const stat = files.nested('io.stat');
  if (stat === undefined) return undefined;
  const entries: { serviceBytes: BlockIoEntry[]; serviced: BlockIoEntry[] } = {
    serviceBytes: [],
    serviced: [],
  };
  for (const [device, values] of stat) {
    const [major, minor] = device.split(':').map(Number);
    if (major === undefined || minor === undefined) continue;
    for (const [key, kind, operation] of OPERATIONS) {
      const value = values.get(key);
      if (value !== undefined) entries[kind].push({ major, minor, operation, value: Number(value) });
    }
  }
  return entries;
}

function withPressure(
  files: StatisticsFiles,
  counts: ReturnType<typeof blockIo>,
): CgroupStatistics['blockIo'] {
  return counts && { ...counts, pressure: files.pressure('io.pressure') };
}
