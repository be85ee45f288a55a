import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { planResources } from '../../../../src/cgroup/limits/resources.ts';
import { deviceProperties } from '../../../../src/cgroup/systemd/device-properties.ts';
import { plannedLimits } from '../../../../src/cgroup/systemd/limit-properties.ts';
import { propertiesOf, scopeProperties } from '../../../../src/cgroup/systemd/unit-properties.ts';
import { propertiesOfV1 } from '../../../../src/cgroup/systemd/unit-properties-v1.ts';

const test = suite('unit properties');
const infinity = 2n ** 64n - 1n;
const controllers = {
  mode: 'v2',
  v1: new Set<string>(),
  unified: new Set(['cpu', 'cpuset', 'memory', 'pids', 'io']),
} as const;
const saved = {
  driver: 'systemd',
  mode: 'v2',
  rootless: false,
  hierarchies: [],
  unified: undefined,
} as const;
const propertiesOfFile = (file: string, text: string) => propertiesOf(new Map([[file, text]]));

test('propertiesOf() tells systemd every limit that it knows, and nothing else', () => {
  const { steps } = planResources(
    controllers,
    {
      memory: { limit: 67108864, swap: 100000000, reservation: 1048576 },
      cpu: { shares: 1024, quota: 50000, period: 100000, cpus: '0,9', mems: '0' },
      pids: { limit: -1 },
      unified: { 'memory.high': '33554432', 'memory.max': '4096' },
    },
    { pointer: '/linux/resources' },
  );
  const { contents } = plannedLimits(saved, steps, undefined);
  assert.deepEqual(Object.fromEntries(propertiesOf(contents).map(([name, { value }]) => [name, value])), {
    // the last write counts
    MemoryMax: 4096n,
    MemoryHigh: 33554432n,
    MemoryLow: 1048576n,
    MemorySwapMax: 32891136n,
    CPUWeight: 100n,
    CPUQuotaPerSecUSec: 500000n,
    CPUQuotaPeriodUSec: 100000n,
    AllowedCPUs: new Uint8Array([1, 2]),
    AllowedMemoryNodes: new Uint8Array([1]),
    TasksMax: infinity,
  });
});

test('propertiesOfFile() reads what the kernel writes', () => {
  const value = (file: string, text: string) =>
    propertiesOfFile(file, text).map(([name, { value: each }]) => [name, each]);
  assert.deepEqual(value('memory.max', 'max\n'), [['MemoryMax', infinity]]);
  assert.deepEqual(value('cpu.max', 'max 100000\n'), [
    ['CPUQuotaPerSecUSec', infinity],
    ['CPUQuotaPeriodUSec', 100000n],
  ]);
  assert.deepEqual(value('cpuset.cpus', '\n'), [['AllowedCPUs', new Uint8Array(0)]]);
  // Beyond 1,024: bit 5000.
  const [[, cpus] = []] = value('cpuset.cpus', '5000\n');
  assert.deepEqual([(cpus as Uint8Array).length, (cpus as Uint8Array)[625]], [626, 1]);
  assert.deepEqual(value('io.weight', 'default 200\n8:0 50\n'), [['IOWeight', 200n]]);
  assert.deepEqual(value('io.weight', '8:0 50'), []);
  assert.deepEqual(value('memory.current', '4096'), []);
});

test('systemd is told the least that it takes where a limit is below that', () => {
  assert.deepEqual(propertiesOfFile('pids.max', '0'), [['TasksMax', { signature: 't', value: 1n }]]);
  assert.deepEqual(propertiesOfFile('memory.high', '0'), [['MemoryHigh', { signature: 't', value: 1n }]]);
});

test('propertiesOfV1() says the same of v1', () => {
  const values = (contents: Record<string, string>) =>
    Object.fromEntries(
      propertiesOfV1(new Map(Object.entries(contents))).map(([name, { value }]) => [name, value]),
    );
  assert.deepEqual(
    values({
      'memory.limit_in_bytes': '67108864',
      'memory.memsw.limit_in_bytes': '67108864',
      'cpu.shares': '512\n',
      'cpu.cfs_quota_us': '50000',
      'blkio.bfq.weight': '300',
      'pids.max': 'max\n',
      'cpuset.cpus': '0',
    }),
    {
      MemoryLimit: 67108864n,
      CPUShares: 512n,
      CPUQuotaPerSecUSec: 500000n,
      CPUQuotaPeriodUSec: 100000n,
      BlockIOWeight: 300n,
      TasksMax: infinity,
    },
  );
  for (const none of ['-1', '9223372036854771712\n'])
    assert.deepEqual(values({ 'memory.limit_in_bytes': none }), { MemoryLimit: infinity });
  assert.deepEqual(values({ 'cpu.cfs_period_us': '50000', 'cpu.cfs_quota_us': '-1\n' }), {
    CPUQuotaPerSecUSec: infinity,
    CPUQuotaPeriodUSec: 50000n,
  });
  // for the kernel to refuse, or to clamp, in its own words
  assert.deepEqual(values({ 'cpu.shares': '1', 'blkio.weight': '5' }), {});
});

test('deviceProperties() allows nothing that is not allowed, and leaves out what has no name', () => {
  const proc = 'Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n';
  const device = (type: 'b' | 'c', major: number | undefined, minor: number | undefined, access: number) => ({
    type,
    major,
    minor,
    access,
  });
  const list = [
    device('c', undefined, undefined, 1),
    device('c', 1, 3, 7),
    device('c', 136, undefined, 6),
    device('b', 8, undefined, 2),
    device('b', 136, undefined, 7),
    device('c', undefined, 3, 7),
  ];
  assert.deepEqual(deviceProperties(list, proc), [
    ['DevicePolicy', { signature: 's', value: 'strict' }],
    ['DeviceAllow', { signature: 'a(ss)', value: [] }],
    [
      'DeviceAllow',
      {
        signature: 'a(ss)',
        value: [
          ['char-*', 'm'],
          ['/dev/char/1:3', 'rwm'],
          ['char-pts', 'rw'],
          ['block-sd', 'r'],
        ],
      },
    ],
  ]);
  assert.deepEqual(deviceProperties(undefined, proc), [
    ['DevicePolicy', { signature: 's', value: 'auto' }],
    ['DeviceAllow', { signature: 'a(ss)', value: [] }],
  ]);
});

test('a CPU quota survives what systemd computes with it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1000, max: 4_000_000 }),
      fc.integer({ min: 1000, max: 1_000_000 }),
      (quota, period) => {
        const [share, length] = propertiesOfFile('cpu.max', `${quota} ${period}`).map(
          ([, { value }]) => value as bigint,
        );
        assert.ok(share !== undefined && length !== undefined);
        assert.equal((share * length) / 1_000_000n, BigInt(quota));
      },
    ),
  );
});

test('scopeProperties() takes the process in and lets the manager add no limit', () => {
  const properties = new Map(scopeProperties('c1', 'a.slice', 42).map(([name, { value }]) => [name, value]));
  assert.deepEqual(properties.get('PIDs'), [42]);
  assert.equal(properties.get('Slice'), 'a.slice');
  assert.equal(properties.get('Delegate'), true);
  assert.equal(properties.get('TasksMax'), infinity);
});

test.run();
