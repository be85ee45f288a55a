/**
 * What containerd's clients know as metrics: of cgroup v1 and hybrid layouts, and of v2. Numbers are 64 bits unless
 * said.
 */
import type { Table } from '../../protobuf.ts';

export const metricsV1Url = 'io.containerd.cgroups.v1.Metrics';
export const metricsV2Url = 'io.containerd.cgroups.v2.Metrics';

const pids = { current: [1, 'uint64'], limit: [2, 'uint64'] } as const satisfies Table;

const rdmaEntry = {
  device: [1, 'string'],
  hca_handles: [2, 'uint32'],
  hca_objects: [3, 'uint32'],
} as const satisfies Table;
const rdma = { current: [1, rdmaEntry, 'many'], limit: [2, rdmaEntry, 'many'] } as const satisfies Table;

const memoryEntry = {
  limit: [1, 'uint64'],
  usage: [2, 'uint64'],
  max: [3, 'uint64'],
  failcnt: [4, 'uint64'],
} as const satisfies Table;

/** Names of memory.stat on v1, with their numbers. */
export const memoryStatV1 = {
  cache: 1,
  rss: 2,
  rss_huge: 3,
  mapped_file: 4,
  dirty: 5,
  writeback: 6,
  pgpgin: 7,
  pgpgout: 8,
  pgfault: 9,
  pgmajfault: 10,
  inactive_anon: 11,
  active_anon: 12,
  inactive_file: 13,
  active_file: 14,
  unevictable: 15,
  hierarchical_memory_limit: 16,
  hierarchical_memsw_limit: 17,
  total_cache: 18,
  total_rss: 19,
  total_rss_huge: 20,
  total_mapped_file: 21,
  total_dirty: 22,
  total_writeback: 23,
  total_pgpgin: 24,
  total_pgpgout: 25,
  total_pgfault: 26,
  total_pgmajfault: 27,
  total_inactive_anon: 28,
  total_active_anon: 29,
  total_inactive_file: 30,
  total_active_file: 31,
  total_unevictable: 32,
} as const;

/** Names of memory.stat on v2, with their numbers. */
export const memoryStatV2 = {
  anon: 1,
  file: 2,
  kernel_stack: 3,
  slab: 4,
  sock: 5,
  shmem: 6,
  file_mapped: 7,
  file_dirty: 8,
  file_writeback: 9,
  anon_thp: 10,
  inactive_anon: 11,
  active_anon: 12,
  inactive_file: 13,
  active_file: 14,
  unevictable: 15,
  slab_reclaimable: 16,
  slab_unreclaimable: 17,
  pgfault: 18,
  pgmajfault: 19,
  workingset_refault: 20,
  workingset_activate: 21,
  workingset_nodereclaim: 22,
  pgrefill: 23,
  pgscan: 24,
  pgsteal: 25,
  pgactivate: 26,
  pgdeactivate: 27,
  pglazyfree: 28,
  pglazyfreed: 29,
  thp_fault_alloc: 30,
  thp_collapse_alloc: 31,
} as const;

/** Names of memory.events, with their numbers. */
export const memoryEvents = {
  low: 1,
  high: 2,
  max: 3,
  oom: 4,
  oom_kill: 5,
  oom_group_kill: 6,
} as const;

type Counters<Names> = { readonly [N in keyof Names]: readonly [number, 'uint64'] };

function counters<const Names extends Readonly<Record<string, number>>>(names: Names): Counters<Names> {
  return Object.fromEntries(
    Object.entries(names).map(([name, number]) => [name, [number, 'uint64']]),
  ) as unknown as Counters<Names>;
}

const blkioEntry = {
  op: [1, 'string'],
  device: [2, 'string'],
  major: [3, 'uint64'],
  minor: [4, 'uint64'],
  value: [5, 'uint64'],
} as const satisfies Table;

export const metricsV1 = {
  hugetlb: [
    1,
    { usage: [1, 'uint64'], max: [2, 'uint64'], failcnt: [3, 'uint64'], pagesize: [4, 'string'] },
    'many',
  ],
  pids: [2, pids],
  cpu: [
    3,
    {
      usage: [
        1,
        { total: [1, 'uint64'], kernel: [2, 'uint64'], user: [3, 'uint64'], per_cpu: [4, 'uint64', 'many'] },
      ],
      throttling: [
        2,
        { periods: [1, 'uint64'], throttled_periods: [2, 'uint64'], throttled_time: [3, 'uint64'] },
      ],
    },
  ],
  memory: [
    4,
    {
      ...counters(memoryStatV1),
      usage: [33, memoryEntry],
      swap: [34, memoryEntry],
      kernel: [35, memoryEntry],
      kernel_tcp: [36, memoryEntry],
    },
  ],
  blkio: [5, { io_service_bytes: [1, blkioEntry, 'many'], io_serviced: [2, blkioEntry, 'many'] }],
  rdma: [6, rdma],
  memory_oom_control: [
    9,
    { oom_kill_disable: [1, 'uint64'], under_oom: [2, 'uint64'], oom_kill: [3, 'uint64'] },
  ],
} as const satisfies Table;

const pressureData = {
  avg10: [1, 'double'],
  avg60: [2, 'double'],
  avg300: [3, 'double'],
  total: [4, 'uint64'],
} as const satisfies Table;
const pressure = { some: [1, pressureData], full: [2, pressureData] } as const satisfies Table;

export const metricsV2 = {
  pids: [1, pids],
  cpu: [
    2,
    {
      usage_usec: [1, 'uint64'],
      user_usec: [2, 'uint64'],
      system_usec: [3, 'uint64'],
      nr_periods: [4, 'uint64'],
      nr_throttled: [5, 'uint64'],
      throttled_usec: [6, 'uint64'],
      pressure: [7, pressure],
    },
  ],
  memory: [
    4,
    {
      ...counters(memoryStatV2),
      usage: [32, 'uint64'],
      usage_limit: [33, 'uint64'],
      swap_usage: [34, 'uint64'],
      swap_limit: [35, 'uint64'],
      max_usage: [36, 'uint64'],
      swap_max_usage: [37, 'uint64'],
      pressure: [38, pressure],
    },
  ],
  rdma: [5, rdma],
  io: [
    6,
    {
      usage: [
        1,
        {
          major: [1, 'uint64'],
          minor: [2, 'uint64'],
          rbytes: [3, 'uint64'],
          wbytes: [4, 'uint64'],
          rios: [5, 'uint64'],
          wios: [6, 'uint64'],
        },
        'many',
      ],
      pressure: [2, pressure],
    },
  ],
  hugetlb: [
    7,
    { current: [1, 'uint64'], max: [2, 'uint64'], pagesize: [3, 'string'], failcnt: [4, 'uint64'] },
    'many',
  ],
  memory_events: [8, counters(memoryEvents)],
} as const satisfies Table;
