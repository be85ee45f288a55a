import type { BlockIoEntry, CgroupStatistics, RdmaCounter, UsageCounter } from './cgroup-statistics.ts';
import { cpusetV1 } from './cpuset-statistics.ts';
import { type StatisticsFiles, usageCounter, v1Limit } from './statistics-files.ts';

type Parts<Name extends keyof CgroupStatistics> = CgroupStatistics[Name];

/**
 * Statistics out of v1 hierarchies (Documentation/admin-guide/cgroup-v1/). Pressure exists in the unified hierarchy
 * only.
 */
export function statisticsV1(
  files: ReadonlyMap<string, StatisticsFiles>,
  unified: StatisticsFiles | undefined,
): CgroupStatistics {
  return {
    cpu: cpu(files.get('cpuacct'), files.get('cpu'), unified),
    cpuset: cpusetV1(files.get('cpuset')),
    memory: memory(files.get('memory'), unified),
    pids: pids(files.get('pids')),
    blockIo: blockIo(files.get('blkio'), unified),
    hugepages: hugepages(files.get('hugetlb')) ?? unifiedHugepages(unified),
    rdma: rdma(files.get('rdma')),
  };
}

function cpu(
  account: StatisticsFiles | undefined,
  bandwidth: StatisticsFiles | undefined,
  unified: StatisticsFiles | undefined,
): Parts<'cpu'> {
  const total = account?.number('cpuacct.usage');
  const throttling = bandwidth?.flat('cpu.stat');
  if (total === undefined && throttling === undefined) return undefined;
  return {
    total: total ?? 0,
    user: account?.number('cpuacct.usage_user') ?? 0,
    system: account?.number('cpuacct.usage_sys') ?? 0,
    perCpu: account?.list('cpuacct.usage_percpu'),
    perCpuUser: account?.list('cpuacct.usage_percpu_user'),
    perCpuSystem: account?.list('cpuacct.usage_percpu_sys'),
    periods: throttling?.['nr_periods'],
    throttledPeriods: throttling?.['nr_throttled'],
    throttledTime: throttling?.['throttled_time'],
    pressure: unified?.pressure('cpu.pressure'),
  };
}

function memory(files: StatisticsFiles | undefined, unified: StatisticsFiles | undefined): Parts<'memory'> {
  const counter = (infix: string) =>
    usageCounter(
      files?.number(`memory.${infix}usage_in_bytes`),
      files?.number(`memory.${infix}max_usage_in_bytes`),
      v1Limit(files?.number(`memory.${infix}limit_in_bytes`)),
      files?.number(`memory.${infix}failcnt`),
    );
  const usage = counter('');
  const raw = files?.flat('memory.stat');
  if (files === undefined || usage === undefined || raw === undefined) return undefined;
  return {
    usage,
    swap: counter('memsw.'),
    swapOnly: undefined,
    kernel: counter('kmem.'),
    kernelTcp: counter('kmem.tcp.'),
    cache: raw['total_cache'] ?? raw['cache'] ?? 0,
    oomKills: files.flat('memory.oom_control')?.['oom_kill'],
    events: {},
    useHierarchy: files.number('memory.use_hierarchy') !== 0,
    raw,
    pressure: unified?.pressure('memory.pressure'),
  };
}

function pids(files: StatisticsFiles | undefined): Parts<'pids'> {
  const current = files?.number('pids.current');
  return current === undefined ? undefined : { current, limit: files?.number('pids.max') };
}

/** BFQ counts what goes through it, the throttle layer what goes through no scheduler, too. */
function blockIoCounts(files: StatisticsFiles, name: string): BlockIoEntry[] {
  const bfq = blockIoEntries(files.text(`blkio.bfq.${name}_recursive`));
  return bfq.length > 0 ? bfq : blockIoEntries(files.text(`blkio.throttle.${name}_recursive`));
}

/** Bytes that block devices moved. */
export function serviceBytesV1(files: StatisticsFiles): BlockIoEntry[] {
  return blockIoCounts(files, 'io_service_bytes');
}

function blockIo(files: StatisticsFiles | undefined, unified: StatisticsFiles | undefined): Parts<'blockIo'> {
  if (files === undefined) return undefined;
  return {
    serviceBytes: serviceBytesV1(files),
    serviced: blockIoCounts(files, 'io_serviced'),
    pressure: unified?.pressure('io.pressure'),
  };
}

/** `8:0 Read 4096` lines; the last line, the sum over all devices, is left out. */
export function blockIoEntries(text: string | undefined): BlockIoEntry[] {
  const result: BlockIoEntry[] = [];
  for (const line of (text ?? '').split('\n')) {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (match === null) continue;
    const [, major, minor, operation, value] = match as unknown as [string, string, string, string, string];
    result.push({ major: Number(major), minor: Number(minor), operation, value: Number(value) });
  }
  return result;
}

function hugepages(files: StatisticsFiles | undefined): Readonly<Record<string, UsageCounter>> | undefined {
  if (files === undefined) return undefined;
  const result: Record<string, UsageCounter> = {};
  for (const size of files.hugepageSizes('usage_in_bytes')) {
    const file = (name: string) => files.number(`hugetlb.${size}.${name}`);
    const limit = v1Limit(file('limit_in_bytes'));
    const counter = usageCounter(file('usage_in_bytes'), file('max_usage_in_bytes'), limit, file('failcnt'));
    if (counter !== undefined) result[size] = counter;
  }
  return result;
}

/** The v2 controller: in pure v2, and on hybrid machines that have it there. */
export function unifiedHugepages(
  files: StatisticsFiles | undefined,
): Readonly<Record<string, UsageCounter>> | undefined {
  const sizes = files?.hugepageSizes('current') ?? [];
  if (files === undefined || sizes.length === 0) return undefined;
  const result: Record<string, UsageCounter> = {};
  for (const size of sizes) {
    const limit = files.number(`hugetlb.${size}.max`);
    const failures = files.flat(`hugetlb.${size}.events`)?.['max'];
    const counter = usageCounter(files.number(`hugetlb.${size}.current`), undefined, limit, failures);
    if (counter !== undefined) result[size] = counter;
  }
  return result;
}

/** rdma.current and rdma.max have one format in both versions. */
export function rdma(files: StatisticsFiles | undefined): Parts<'rdma'> {
  const current = files?.nested('rdma.current');
  const limit = files?.nested('rdma.max');
  if (current === undefined) return undefined;
  return { current: rdmaCounters(current), limit: rdmaCounters(limit ?? new Map()) };
}

function rdmaCounters(lines: ReadonlyMap<string, ReadonlyMap<string, string>>): Record<string, RdmaCounter> {
  const number = (text: string | undefined) =>
    text === undefined || text === 'max' ? undefined : Number(text);
  const result: Record<string, RdmaCounter> = {};
  for (const [device, values] of lines)
    result[device] = {
      hcaHandles: number(values.get('hca_handle')),
      hcaObjects: number(values.get('hca_object')),
    };
  return result;
}
