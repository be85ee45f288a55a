/** A counter with its limit. Bytes, or pages' bytes; `limit` undefined is no limit. */
export interface UsageCounter {
  readonly usage: number;
  readonly maximum: number | undefined;
  readonly limit: number | undefined;
  /** How often the limit was hit. */
  readonly failures: number | undefined;
}

/** One line of /proc/pressure's format: shares of time in percent, and the total in microseconds. */
export interface PressureLine {
  readonly average10: number;
  readonly average60: number;
  readonly average300: number;
  readonly total: number;
}

export interface Pressure {
  readonly some: PressureLine | undefined;
  readonly full: PressureLine | undefined;
}

/** One number of one block device; `operation` as the kernel says it: `Read`, `Write`, `Total`… */
export interface BlockIoEntry {
  readonly major: number;
  readonly minor: number;
  readonly operation: string;
  readonly value: number;
}

/** What a cgroup says of its CPUs and memory nodes; flags as the numbers that v1 has. */
export interface CpusetStatistics {
  readonly cpus: readonly number[] | undefined;
  readonly mems: readonly number[] | undefined;
  /** v1 flags by file name without `cpuset.`; empty on v2. */
  readonly flags: Readonly<Record<string, number>>;
}

/**
 * What a cgroup uses. A part is undefined when the machine does not have its controller, or the cgroup is not in it.
 * Counters above 2^53 lose their last digits.
 */
export interface CgroupStatistics {
  readonly cpu:
    | {
        /** Nanoseconds. */
        readonly total: number;
        readonly user: number;
        readonly system: number;
        /** Nanoseconds by CPU (v1 only). */
        readonly perCpu: readonly number[] | undefined;
        readonly perCpuUser: readonly number[] | undefined;
        readonly perCpuSystem: readonly number[] | undefined;
        readonly periods: number | undefined;
        readonly throttledPeriods: number | undefined;
        /** Nanoseconds. */
        readonly throttledTime: number | undefined;
        readonly pressure: Pressure | undefined;
      }
    | undefined;
  readonly cpuset: CpusetStatistics | undefined;
  readonly memory:
    | {
        readonly usage: UsageCounter;
        /** Memory and swap together, in both versions. */
        readonly swap: UsageCounter | undefined;
        /** Swap alone (v2 only). */
        readonly swapOnly: UsageCounter | undefined;
        readonly kernel: UsageCounter | undefined;
        readonly kernelTcp: UsageCounter | undefined;
        readonly cache: number;
        /** Processes killed for want of memory. */
        readonly oomKills: number | undefined;
        /** memory.events as it is; empty on v1. */
        readonly events: Readonly<Record<string, number>>;
        readonly useHierarchy: boolean;
        /** memory.stat as it is. */
        readonly raw: Readonly<Record<string, number>>;
        readonly pressure: Pressure | undefined;
      }
    | undefined;
  readonly pids: { readonly current: number; readonly limit: number | undefined } | undefined;
  readonly blockIo:
    | {
        readonly serviceBytes: readonly BlockIoEntry[];
        readonly serviced: readonly BlockIoEntry[];
        readonly pressure: Pressure | undefined;
      }
    | undefined;
  /** By page size, `2MB`. */
  readonly hugepages: Readonly<Record<string, UsageCounter>> | undefined;
  readonly rdma:
    | {
        readonly current: Readonly<Record<string, RdmaCounter>>;
        readonly limit: Readonly<Record<string, RdmaCounter>>;
      }
    | undefined;
}

/** undefined is no limit. */
export interface RdmaCounter {
  readonly hcaHandles: number | undefined;
  readonly hcaObjects: number | undefined;
}
