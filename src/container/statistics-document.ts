import type {
  BlockIoEntry,
  CgroupStatistics,
  Pressure,
  PressureLine,
  UsageCounter,
} from '../cgroup/statistics/cgroup-statistics.ts';
import { defined } from '../defined.ts';

/** What "no limit" is to those who read these documents: v1's number, and the largest of v2. */
const UNLIMITED = {
  v1: 9223372036854771712n,
  hybrid: 9223372036854771712n,
  v2: 18446744073709551615n,
} as const;

interface Counter {
  readonly limit: number | bigint;
  readonly usage?: number;
  readonly max?: number;
  readonly failcnt: number;
}

interface PressureDocument {
  readonly some?: Readonly<Record<'avg10' | 'avg60' | 'avg300' | 'total', number>>;
  readonly full?: Readonly<Record<'avg10' | 'avg60' | 'avg300' | 'total', number>>;
}

interface BlockIoDocument {
  readonly major?: number;
  readonly minor?: number;
  readonly op?: string;
  readonly value?: number;
}

/**
 * `data` of a `stats` event, in the shape that engines parse. Times are nanoseconds, sizes bytes. What is 0 or
 * unknown is left out where engines expect that. A limit may be a bigint: write the document with `stringifyJson`.
 */
export interface StatisticsDocument {
  readonly cpu: {
    readonly usage: {
      readonly total?: number;
      readonly percpu?: readonly number[];
      readonly percpu_kernel?: readonly number[];
      readonly percpu_user?: readonly number[];
      readonly kernel: number;
      readonly user: number;
    };
    readonly throttling: {
      readonly periods?: number;
      readonly throttledPeriods?: number;
      readonly throttledTime?: number;
    };
    readonly psi?: PressureDocument;
  };
  readonly cpuset: { readonly cpus?: readonly number[]; readonly mems?: readonly number[] } & Readonly<
    Record<string, number | readonly number[]>
  >;
  readonly memory: {
    readonly cache?: number;
    readonly usage: Counter;
    readonly swap: Counter;
    readonly kernel: Counter;
    readonly kernelTCP: Counter;
    readonly raw: Readonly<Record<string, number>>;
    readonly psi?: PressureDocument;
  };
  readonly pids: { readonly current?: number; readonly limit?: number };
  readonly blkio: {
    readonly ioServiceBytesRecursive?: readonly BlockIoDocument[];
    readonly ioServicedRecursive?: readonly BlockIoDocument[];
    readonly psi?: PressureDocument;
  };
  readonly hugetlb: Readonly<Record<string, Omit<Counter, 'limit'>>>;
  readonly intel_rdt: Readonly<Record<string, string>>;
  readonly network_interfaces: null;
}

/** Without the members that are undefined, 0 or an empty list. */
function filled<T extends object>(object: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object))
    if (value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0))
      kept[name] = value;
  return kept as { readonly [K in keyof T]?: Exclude<T[K], undefined> };
}

function pressureLine(line: PressureLine) {
  return { avg10: line.average10, avg60: line.average60, avg300: line.average300, total: line.total };
}

/** `{ psi }`, or nothing where the kernel does not measure pressure. */
function psi(pressure: Pressure | undefined): { readonly psi?: PressureDocument } {
  if (pressure === undefined) return {};
  const { some, full } = pressure;
  return { psi: defined({ some: some && pressureLine(some), full: full && pressureLine(full) }) };
}

function entries(list: readonly BlockIoEntry[] | undefined): BlockIoDocument[] | undefined {
  return list?.map(({ major, minor, operation, value }) => ({
    ...filled({ major, minor }),
    op: operation,
    ...filled({ value }),
  }));
}

function cpuDocument(cpu: CgroupStatistics['cpu']): StatisticsDocument['cpu'] {
  return {
    usage: {
      ...filled({
        total: cpu?.total,
        percpu: cpu?.perCpu,
        percpu_kernel: cpu?.perCpuSystem,
        percpu_user: cpu?.perCpuUser,
      }),
      kernel: cpu?.system ?? 0,
      user: cpu?.user ?? 0,
    },
    throttling: filled({
      periods: cpu?.periods,
      throttledPeriods: cpu?.throttledPeriods,
      throttledTime: cpu?.throttledTime,
    }),
    ...psi(cpu?.pressure),
  };
}

/** The statistics of a container's cgroup as a document for engines. */
export function statisticsDocument(
  statistics: CgroupStatistics,
  mode: 'v1' | 'hybrid' | 'v2',
  intelRdt: Readonly<Record<string, string>>,
): StatisticsDocument {
  const { cpu, cpuset, memory, pids, blockIo, hugepages } = statistics;
  const counter = (from: UsageCounter | undefined): Counter => ({
    limit: from === undefined ? 0 : (from.limit ?? UNLIMITED[mode]),
    ...filled({ usage: from?.usage, max: from?.maximum }),
    failcnt: from?.failures ?? 0,
  });
  return {
    cpu: cpuDocument(cpu),
    cpuset: {
      ...filled({ cpus: cpuset?.cpus, mems: cpuset?.mems }),
      ...cpuset?.flags,
    } as StatisticsDocument['cpuset'],
    memory: {
      ...filled({ cache: memory?.cache }),
      usage: counter(memory?.usage),
      swap: counter(memory?.swap),
      kernel: counter(memory?.kernel),
      kernelTCP: counter(memory?.kernelTcp),
      raw: memory?.raw ?? {},
      ...psi(memory?.pressure),
    },
    pids: filled({ current: pids?.current, limit: pids?.limit }),
    blkio: {
      ...filled({
        ioServiceBytesRecursive: entries(blockIo?.serviceBytes),
        ioServicedRecursive: entries(blockIo?.serviced),
      }),
      ...psi(blockIo?.pressure),
    },
    hugetlb: Object.fromEntries(
      Object.entries(hugepages ?? {}).map(([size, from]) => {
        const { limit: _limit, ...rest } = counter(from);
        return [size, rest];
      }),
    ),
    intel_rdt: intelRdt,
    network_interfaces: null,
  };
}
