import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { bytes, usageTable } from '../../../../src/cli/render/usage-table.ts';
import type { ContainerUsage } from '../../../../src/container/stats.ts';

const test = suite('usage table');

const web: ContainerUsage = {
  id: 'web',
  status: 'running',
  cpuPercent: 12.34,
  throttledPercent: undefined,
  memory: { usage: 128 * 2 ** 20, limit: 512 * 2 ** 20 },
  pids: { current: 7, limit: 100 },
  blockIo: { read: 0, written: 1536 },
  pressure: { cpu: 0, memory: 1.25, io: undefined },
};

test('bytes() has at most three digits and a unit of 1024', () => {
  for (const [value, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [99.94 * 1024, '99.9 KiB'],
    [99.96 * 1024, '100 KiB'],
    [999.4 * 1024, '999 KiB'],
    [999.6 * 1024, '1.0 MiB'],
    [2 ** 30, '1.0 GiB'],
    [2 ** 40, '1.0 TiB'],
    [2 ** 50, '1.0 PiB'],
    [5000 * 2 ** 50, '5000 PiB'],
  ] as const)
    assert.equal(bytes(value), text);
});

test('usageTable() has the header alone when nothing runs', () => {
  assert.match(usageTable([]), /^ID +CPU +MEMORY .* PRESSURE\n$/);
});

const cells = (usage: ContainerUsage) => usageTable([usage]).split('\n')[1]?.split(/ {2,}/);

test('usageTable() shows what a container uses of what it may', () => {
  assert.deepEqual(cells(web), [
    ...['web', '12.3%', '128 MiB', '512 MiB', '25.0%', '7/100', '0 B', '1.5 KiB', '-', '0.0 1.3 -'],
  ]);
});

test('usageTable() shows a dash for what is not measured or not limited, not a nought', () => {
  const nothing = { cpu: undefined, memory: undefined, io: undefined };
  const unmeasured = {
    ...web,
    cpuPercent: undefined,
    memory: undefined,
    pids: undefined,
    blockIo: undefined,
  };
  assert.deepEqual(cells({ ...unmeasured, pressure: nothing }), [
    ...['web', '-', '-', '-', '-', '-', '-', '-', '-', '- - -'],
  ]);
  const unlimited = {
    ...web,
    memory: { usage: 5, limit: undefined },
    pids: { current: 7, limit: undefined },
    throttledPercent: 50,
  };
  assert.deepEqual(cells(unlimited)?.slice(2, 9), ['5 B', '-', '-', '7', '0 B', '1.5 KiB', '50.0%']);
});

test('usageTable() says which container is paused', () => {
  assert.equal(cells({ ...web, status: 'paused' })?.[0], 'web (paused)');
  assert.equal(cells({ ...web, status: 'created' })?.[0], 'web');
});

test('usageTable() has room for a usual row in 80 columns', () => {
  for (const line of usageTable([web]).split('\n')) assert.ok(line.length <= 80, line);
});

test.run();
