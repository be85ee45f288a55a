import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { planResources } from '../../../../src/cgroup/plan-resources.ts';
import {
  propertiesOf,
  propertiesOfFile,
  scopeProperties,
} from '../../../../src/cgroup/systemd/unit-properties.ts';

const test = suite('unit properties');
const infinity = 2n ** 64n - 1n;
const controllers = {
  mode: 'v2',
  v1: new Set<string>(),
  unified: new Set(['cpu', 'cpuset', 'memory', 'pids', 'io']),
} as const;

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
  assert.deepEqual(Object.fromEntries(propertiesOf(steps).map(([name, { value }]) => [name, value])), {
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
  assert.deepEqual(value('io.weight', 'default 200\n8:0 50\n'), [['IOWeight', 200n]]);
  assert.deepEqual(value('io.weight', '8:0 50'), []);
  assert.deepEqual(value('memory.current', '4096'), []);
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
