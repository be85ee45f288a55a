/** Tests also: src/cgroup/limits/ */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Controllers, PresentLimits } from '../../../../src/cgroup/limits/draft.ts';
import { planResources } from '../../../../src/cgroup/limits/resources.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Resources } from '../../../../src/spec/config.ts';

const test = suite('planResources()');

const v1Names = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'net_cls',
  'net_prio',
  'rdma',
];
const machines = {
  v1: { mode: 'v1', v1: new Set([...v1Names, 'hugetlb']), unified: new Set<string>() },
  hybrid: { mode: 'hybrid', v1: new Set(v1Names), unified: new Set(['hugetlb']) },
  v2: {
    mode: 'v2',
    v1: new Set<string>(),
    unified: new Set(['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc']),
  },
} as const satisfies Record<string, Controllers>;
type Machine = keyof typeof machines;

const nothing: PresentLimits = {
  memoryLimit: undefined,
  memorySwap: undefined,
  memoryUsage: undefined,
  cpuMax: undefined,
  realtimePeriod: undefined,
  devices: undefined,
};

/** The writes as lines `file = value from pointer`, without the device rules of a new cgroup. */
function plan(machine: Machine, resources: Resources, present?: Partial<PresentLimits>): string[] {
  const options = { pointer: '', ...(present === undefined ? {} : { present: { ...nothing, ...present } }) };
  return planResources(machines[machine], resources, options)
    .steps.filter((step) => resources.devices !== undefined || step.controller !== 'devices')
    .map((step) =>
      step.kind === 'write'
        ? `${step.file} = ${step.value} from ${step.pointer}${step.temporary ? ' (temporary)' : ''}`
        : `program of ${step.rules.length} from ${step.pointer}`,
    );
}

interface Row {
  readonly name: string;
  readonly resources: Resources;
  readonly present?: Partial<PresentLimits>;
  readonly v1?: readonly string[];
  readonly hybrid?: readonly string[];
  readonly v2?: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'memory: limit, swap, reservation',
    resources: { memory: { limit: 100, swap: 300, reservation: 50 } },
    v1: [
      'memory.limit_in_bytes = 100 from /memory/limit',
      'memory.memsw.limit_in_bytes = 300 from /memory/swap',
      'memory.soft_limit_in_bytes = 50 from /memory/reservation',
    ],
    v2: [
      'memory.swap.max = 200 from /memory/swap',
      'memory.max = 100 from /memory/limit',
      'memory.low = 50 from /memory/reservation',
    ],
  },
  {
    name: 'memory: raising in use starts with the outer limit',
    resources: { memory: { limit: 500, swap: 600 } },
    present: { memoryLimit: 100n, memorySwap: 300n },
    v1: [
      'memory.memsw.limit_in_bytes = 600 from /memory/swap',
      'memory.limit_in_bytes = 500 from /memory/limit',
    ],
  },
  {
    name: 'memory: lowering in use starts with the inner limit',
    resources: { memory: { limit: 50, swap: 60 } },
    present: { memoryLimit: 100n, memorySwap: 300n },
    v1: [
      'memory.limit_in_bytes = 50 from /memory/limit',
      'memory.memsw.limit_in_bytes = 60 from /memory/swap',
    ],
  },
  {
    name: 'memory: no limit any more lifts swap too',
    resources: { memory: { limit: -1 } },
    present: { memoryLimit: 100n, memorySwap: 300n },
    v1: [
      'memory.memsw.limit_in_bytes = -1 from /memory/limit',
      'memory.limit_in_bytes = -1 from /memory/limit',
    ],
    v2: ['memory.swap.max = max from /memory/limit', 'memory.max = max from /memory/limit'],
  },
  {
    name: 'memory: swap alone counts from the limit in force',
    resources: { memory: { swap: 300 } },
    present: { memoryLimit: 100n },
    v2: ['memory.swap.max = 200 from /memory/swap'],
  },
  {
    name: 'memory: unlimited swap',
    resources: { memory: { limit: 100, swap: -1 } },
    v1: [
      'memory.limit_in_bytes = 100 from /memory/limit',
      'memory.memsw.limit_in_bytes = -1 from /memory/swap',
    ],
    v2: ['memory.swap.max = max from /memory/swap', 'memory.max = 100 from /memory/limit'],
  },
  {
    name: 'memory: zeros are not set',
    resources: { memory: { limit: 0, swap: 0, reservation: 0, kernel: 0, kernelTCP: 0 } },
    v1: [],
    v2: [],
  },
  {
    name: 'memory: exact digits above 2^53',
    resources: { memory: { limit: 9223372036854771712n } },
    v1: ['memory.limit_in_bytes = 9223372036854771712 from /memory/limit'],
    v2: ['memory.max = 9223372036854771712 from /memory/limit'],
  },
  {
    name: 'memory: switches of v1',
    resources: { memory: { swappiness: 0, disableOOMKiller: true, useHierarchy: true, kernelTCP: 5 } },
    v1: [
      'memory.kmem.tcp.limit_in_bytes = 5 from /memory/kernelTCP',
      'memory.swappiness = 0 from /memory/swappiness',
      'memory.oom_control = 1 from /memory/disableOOMKiller',
      'memory.use_hierarchy = 1 from /memory/useHierarchy',
    ],
  },
  {
    name: 'memory: an OOM killer that is on already',
    resources: { memory: { disableOOMKiller: false, useHierarchy: true } },
    v1: ['memory.use_hierarchy = 1 from /memory/useHierarchy'],
    v2: [],
  },
  {
    name: 'cpu: a new cgroup',
    resources: { cpu: { shares: 1024, quota: 50000, period: 100000, burst: 1000, cpus: '0-1', mems: '0' } },
    v1: [
      'cpu.shares = 1024 from /cpu/shares',
      'cpu.cfs_period_us = 100000 from /cpu/period',
      'cpu.cfs_burst_us = 1000 from /cpu/burst',
      'cpu.cfs_quota_us = 50000 from /cpu/quota',
      'cpuset.cpus = 0-1 from /cpu/cpus',
      'cpuset.mems = 0 from /cpu/mems',
    ],
    v2: [
      'cpu.weight = 100 from /cpu/shares',
      'cpu.max = 50000 100000 from /cpu/quota',
      'cpu.max.burst = 1000 from /cpu/burst',
      'cpuset.cpus = 0-1 from /cpu/cpus',
      'cpuset.mems = 0 from /cpu/mems',
    ],
  },
  {
    name: 'cpu: in use',
    resources: { cpu: { quota: 50000, period: 100000, burst: 1000 } },
    present: { cpuMax: '1000 20000' },
    v1: [
      'cpu.cfs_quota_us = -1 from /cpu/quota (temporary)',
      'cpu.cfs_period_us = 100000 from /cpu/period',
      'cpu.cfs_burst_us = 1000 from /cpu/burst',
      'cpu.cfs_quota_us = 50000 from /cpu/quota',
    ],
    v2: [
      'cpu.max.burst = 0 from /cpu/burst (temporary)',
      'cpu.max = 50000 100000 from /cpu/quota',
      'cpu.max.burst = 1000 from /cpu/burst',
    ],
  },
  {
    name: 'cpu: a period keeps the quota in force',
    resources: { cpu: { period: 50000 } },
    present: { cpuMax: '1000 20000' },
    v1: ['cpu.cfs_period_us = 50000 from /cpu/period'],
    v2: ['cpu.max = 1000 50000 from /cpu/period'],
  },
  {
    name: 'cpu: a quota keeps the period in force',
    resources: { cpu: { quota: 5000 } },
    present: { cpuMax: 'max 20000' },
    v2: ['cpu.max = 5000 20000 from /cpu/quota'],
  },
  {
    name: 'cpu: no quota',
    resources: { cpu: { quota: -1 } },
    v1: ['cpu.cfs_quota_us = -1 from /cpu/quota'],
    v2: ['cpu.max = max from /cpu/quota'],
  },
  {
    name: 'cpu: idle has no weight',
    resources: { cpu: { idle: 1, shares: 512 } },
    v1: ['cpu.idle = 1 from /cpu/idle'],
    v2: ['cpu.idle = 1 from /cpu/idle'],
  },
  {
    name: 'cpu: leaving idle comes before the weight',
    resources: { cpu: { idle: 0, shares: 512 } },
    v1: ['cpu.idle = 0 from /cpu/idle', 'cpu.shares = 512 from /cpu/shares'],
    v2: ['cpu.idle = 0 from /cpu/idle', 'cpu.weight = 59 from /cpu/shares'],
  },
  {
    name: 'cpu: real time',
    resources: { cpu: { realtimePeriod: 1000000, realtimeRuntime: 950000 } },
    v1: [
      'cpu.rt_period_us = 1000000 from /cpu/realtimePeriod',
      'cpu.rt_runtime_us = 950000 from /cpu/realtimeRuntime',
    ],
  },
  {
    name: 'cpu: real time in use, a period that grows goes first',
    resources: { cpu: { realtimePeriod: 2000000, realtimeRuntime: 1500000 } },
    present: { realtimePeriod: 1000000n },
    v1: [
      'cpu.rt_period_us = 2000000 from /cpu/realtimePeriod',
      'cpu.rt_runtime_us = 1500000 from /cpu/realtimeRuntime',
    ],
  },
  {
    name: 'cpu: real time in use, a period that shrinks goes last',
    resources: { cpu: { realtimePeriod: 400000, realtimeRuntime: 100000 } },
    present: { realtimePeriod: 1000000n },
    v1: [
      'cpu.rt_runtime_us = 100000 from /cpu/realtimeRuntime',
      'cpu.rt_period_us = 400000 from /cpu/realtimePeriod',
    ],
  },
  {
    name: 'cpu: no burst',
    resources: { cpu: { burst: 0 } },
    v1: ['cpu.cfs_burst_us = 0 from /cpu/burst'],
    v2: ['cpu.max.burst = 0 from /cpu/burst'],
  },
  {
    name: 'cpu: no burst is before a quota below the old one',
    resources: { cpu: { quota: 5000, burst: 0 } },
    present: { cpuMax: '50000 100000' },
    v1: [
      'cpu.cfs_quota_us = -1 from /cpu/quota (temporary)',
      'cpu.cfs_burst_us = 0 from /cpu/burst',
      'cpu.cfs_quota_us = 5000 from /cpu/quota',
    ],
    v2: [
      'cpu.max.burst = 0 from /cpu/burst (temporary)',
      'cpu.max = 5000 100000 from /cpu/quota',
      'cpu.max.burst = 0 from /cpu/burst',
    ],
  },
  {
    name: "cpu: an engine's empty values",
    resources: {
      cpu: { shares: 0, quota: 0, period: 0, cpus: '', mems: '' },
      memory: {},
      blockIO: { weight: 0 },
      pids: {},
    },
    v1: [],
    v2: [],
  },
  {
    name: 'pids: 0 is a limit',
    resources: { pids: { limit: 0 } },
    v1: ['pids.max = 0 from /pids/limit'],
    v2: ['pids.max = 0 from /pids/limit'],
  },
  {
    name: 'pids: -1 is none',
    resources: { pids: { limit: -1 } },
    v1: ['pids.max = max from /pids/limit'],
    v2: ['pids.max = max from /pids/limit'],
  },
  {
    name: 'blockIO',
    resources: {
      blockIO: {
        weight: 500,
        weightDevice: [{ major: 8, minor: 0, weight: 10 }],
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 16, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 18446744073709551615n }],
      },
    },
    v1: [
      'blkio.bfq.weight = 500 from /blockIO/weight',
      'blkio.bfq.weight_device = 8:0 10 from /blockIO/weightDevice/0/weight',
      'blkio.throttle.read_bps_device = 8:0 600 from /blockIO/throttleReadBpsDevice/0',
      'blkio.throttle.write_bps_device = 8:16 0 from /blockIO/throttleWriteBpsDevice/0',
      'blkio.throttle.read_iops_device = 8:0 3 from /blockIO/throttleReadIOPSDevice/0',
      'blkio.throttle.write_iops_device = 8:0 18446744073709551615 from /blockIO/throttleWriteIOPSDevice/0',
    ],
    v2: [
      'io.bfq.weight = 500 from /blockIO/weight',
      'io.bfq.weight = 8:0 10 from /blockIO/weightDevice/0/weight',
      'io.max = 8:0 rbps=600 from /blockIO/throttleReadBpsDevice/0',
      'io.max = 8:16 wbps=max from /blockIO/throttleWriteBpsDevice/0',
      'io.max = 8:0 riops=3 from /blockIO/throttleReadIOPSDevice/0',
      'io.max = 8:0 wiops=18446744073709551615 from /blockIO/throttleWriteIOPSDevice/0',
    ],
  },
  {
    name: 'blockIO: leaf weights',
    resources: { blockIO: { leafWeight: 30, weightDevice: [{ major: 8, minor: 0, leafWeight: 20 }] } },
    v1: [
      'blkio.leaf_weight = 30 from /blockIO/leafWeight',
      'blkio.leaf_weight_device = 8:0 20 from /blockIO/weightDevice/0/leafWeight',
    ],
  },
  {
    name: 'hugepages, reservations too',
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] },
    v1: [
      'hugetlb.2MB.limit_in_bytes = 4194304 from /hugepageLimits/0/limit',
      'hugetlb.2MB.rsvd.limit_in_bytes = 4194304 from /hugepageLimits/0/limit',
    ],
    hybrid: [
      'hugetlb.2MB.max = 4194304 from /hugepageLimits/0/limit',
      'hugetlb.2MB.rsvd.max = 4194304 from /hugepageLimits/0/limit',
    ],
    v2: [
      'hugetlb.2MB.max = 4194304 from /hugepageLimits/0/limit',
      'hugetlb.2MB.rsvd.max = 4194304 from /hugepageLimits/0/limit',
    ],
  },
  {
    name: 'network',
    resources: { network: { classID: 1048577, priorities: [{ name: 'eth0', priority: 500 }] } },
    v1: [
      'net_cls.classid = 1048577 from /network/classID',
      'net_prio.ifpriomap = eth0 500 from /network/priorities/0',
    ],
  },
  {
    name: 'rdma',
    resources: { rdma: { 'mlx5/1': { hcaHandles: 3, hcaObjects: 10000 }, rxe3: { hcaObjects: 0 } } },
    v1: [
      'rdma.max = mlx5/1 hca_handle=3 hca_object=10000 from /rdma/mlx5~11',
      'rdma.max = rxe3 hca_object=0 from /rdma/rxe3',
    ],
    v2: [
      'rdma.max = mlx5/1 hca_handle=3 hca_object=10000 from /rdma/mlx5~11',
      'rdma.max = rxe3 hca_object=0 from /rdma/rxe3',
    ],
  },
  {
    name: 'unified: any file, a line a write, after everything else',
    resources: {
      unified: { 'io.max': '8:0 rbps=1\n8:16 wiops=2', 'memory.high': '5' },
      memory: { limit: 7 },
    },
    v2: [
      'memory.max = 7 from /memory/limit',
      'io.max = 8:0 rbps=1 from /unified/io.max',
      'io.max = 8:16 wiops=2 from /unified/io.max',
      'memory.high = 5 from /unified/memory.high',
    ],
  },
  {
    name: 'unified on hybrid: what its cgroup2 has',
    resources: { unified: { 'hugetlb.1GB.max': '0', 'cgroup.max.depth': '3' } },
    hybrid: [
      'hugetlb.1GB.max = 0 from /unified/hugetlb.1GB.max',
      'cgroup.max.depth = 3 from /unified/cgroup.max.depth',
    ],
  },
  {
    name: 'devices: everything allowed',
    resources: { devices: [{ allow: true, access: 'rwm' }] },
    v1: ['devices.allow = a from /devices/0'],
    v2: [],
  },
  {
    name: 'devices: in use, the difference only',
    resources: {
      devices: [{ allow: false }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }],
    },
    present: {
      devices:
        'b *:* m\nc *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\nc 5:0 rwm\nc 5:2 rwm\nc 10:200 rwm\nc 136:* rwm\nc 4:1 r\n',
    },
    v1: ['devices.allow = c 10:229 rw from /devices/1', 'devices.deny = c 4:1 r from /devices'],
  },
];

for (const row of rows)
  for (const machine of ['v1', 'hybrid', 'v2'] as const) {
    const expected = row[machine];
    if (expected === undefined) continue;
    test(`${row.name} (${machine}${row.present ? ', in use' : ''})`, () => {
      assert.deepEqual(plan(machine, row.resources, row.present), expected);
    });
  }

const refusals: readonly {
  readonly name: string;
  readonly machine: Machine;
  readonly resources: Resources;
  readonly present?: Partial<PresentLimits>;
  readonly pointer: string;
  readonly code: Failure['code'];
  readonly says: RegExp;
}[] = [
  {
    name: 'swap below the limit',
    machine: 'v1',
    resources: { memory: { limit: 100, swap: 50 } },
    pointer: '/memory/swap',
    code: 'invalid',
    says: /below the memory limit/,
  },
  {
    name: 'swap without a limit',
    machine: 'v2',
    resources: { memory: { swap: 50 } },
    pointer: '/memory/swap',
    code: 'invalid',
    says: /needs a memory limit/,
  },
  {
    name: 'checkBeforeUpdate',
    machine: 'v2',
    resources: { memory: { limit: 50, checkBeforeUpdate: true } },
    present: { memoryUsage: 51n },
    pointer: '/memory/limit',
    code: 'invalid',
    says: /51 are in use/,
  },
  {
    name: 'burst above quota',
    machine: 'v1',
    resources: { cpu: { quota: 5, burst: 6 } },
    pointer: '/cpu/burst',
    code: 'invalid',
    says: /above the quota/,
  },
  {
    name: 'real time on v2',
    machine: 'v2',
    resources: { cpu: { realtimeRuntime: 5 } },
    pointer: '/cpu/realtimeRuntime',
    code: 'unsupported',
    says: /real-time/,
  },
  {
    name: 'swappiness on v2',
    machine: 'v2',
    resources: { memory: { swappiness: 5 } },
    pointer: '/memory/swappiness',
    code: 'unsupported',
    says: /swappiness/,
  },
  {
    name: 'no OOM killer on v2',
    machine: 'v2',
    resources: { memory: { disableOOMKiller: true } },
    pointer: '/memory/disableOOMKiller',
    code: 'unsupported',
    says: /OOM/,
  },
  {
    name: 'leafWeight on v2',
    machine: 'v2',
    resources: { blockIO: { leafWeight: 10 } },
    pointer: '/blockIO/leafWeight',
    code: 'unsupported',
    says: /leaf/,
  },
  {
    name: 'network on v2',
    machine: 'v2',
    resources: { network: { classID: 1 } },
    pointer: '/network/classID',
    code: 'unsupported',
    says: /net_cls/,
  },
  {
    name: 'unified on v1',
    machine: 'v1',
    resources: { unified: { 'memory.high': '1' } },
    pointer: '/unified/memory.high',
    code: 'unsupported',
    says: /cgroup v1/,
  },
  {
    name: 'unified on hybrid, a v1 controller',
    machine: 'hybrid',
    resources: { unified: { 'memory.high': '1' } },
    pointer: '/unified/memory.high',
    code: 'unsupported',
    says: /memory/,
  },
  {
    name: 'unified: a path',
    machine: 'v2',
    resources: { unified: { '../memory.max': '1' } },
    pointer: '/unified/..~1memory.max',
    code: 'invalid',
    says: /file name/,
  },
  {
    name: 'unified: moving processes',
    machine: 'v2',
    resources: { unified: { 'cgroup.procs': '1' } },
    pointer: '/unified/cgroup.procs',
    code: 'invalid',
    says: /file name/,
  },
  {
    name: 'unified: an absent controller',
    machine: 'v2',
    resources: { unified: { 'dmem.max': '1' } },
    pointer: '/unified/dmem.max',
    code: 'unsupported',
    says: /dmem/,
  },
  {
    name: 'a page size that is a path',
    machine: 'v2',
    resources: { hugepageLimits: [{ pageSize: '../2MB', limit: 1 }] },
    pointer: '/hugepageLimits/0/pageSize',
    code: 'invalid',
    says: /not a size/,
  },
  {
    name: 'rdma without a limit',
    machine: 'v1',
    resources: { rdma: { rxe3: {} } },
    pointer: '/rdma/rxe3',
    code: 'invalid',
    says: /neither/,
  },
  {
    name: 'an interface with a space',
    machine: 'v1',
    resources: { network: { priorities: [{ name: 'a b', priority: 1 }] } },
    pointer: '/network/priorities/0/name',
    code: 'invalid',
    says: /not a name/,
  },
];

for (const row of refusals)
  test(`refuses: ${row.name}`, () => {
    try {
      plan(row.machine, row.resources, row.present);
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      assert.deepEqual(
        { pointer: error.pointer, code: error.code },
        { pointer: row.pointer, code: row.code },
      );
      assert.match(error.message, row.says);
      return;
    }
    assert.fail('it was accepted');
  });

test('a new cgroup gets device rules even when none are given', () => {
  const { steps } = planResources(machines.v1, undefined, { pointer: '/linux/resources' });
  assert.deepEqual(steps[0], {
    kind: 'write',
    hierarchy: 'v1',
    controller: 'devices',
    file: 'devices.deny',
    value: 'a',
    pointer: '/linux/resources/devices',
    tolerate: undefined,
  });
  const v2 = planResources(machines.v2, undefined, { pointer: '/linux/resources' });
  assert.equal(v2.steps[0]?.kind, 'device-program');
});

test('kernel memory is accepted with a warning', () => {
  const { steps, warnings } = planResources(
    machines.v2,
    { memory: { kernel: 5 } },
    { pointer: '', present: nothing },
  );
  assert.deepEqual(steps, []);
  assert.match(warnings.join(), /\/memory\/kernel is ignored/);
});

test.run();
