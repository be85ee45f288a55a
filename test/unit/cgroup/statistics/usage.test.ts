import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { forksRefused, oomKills } from '../../../../src/cgroup/statistics/limit-events.ts';
import { readUsage } from '../../../../src/cgroup/statistics/usage.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('usage and limits that were met');

const v2: SavedCgroup = {
  driver: 'cgroupfs',
  mode: 'v2',
  rootless: false,
  hierarchies: [],
  unified: { mount: '/u', path: '/u/c' },
};
const v1: SavedCgroup = {
  ...v2,
  mode: 'v1',
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], path: '/cpu/c' },
    { controllers: ['memory'], path: '/memory/c' },
    { controllers: ['pids'], path: '/pids/c' },
  ],
  unified: undefined,
};
const machine = (directories: Readonly<Record<string, Readonly<Record<string, string>>>>) => {
  const files = new FakeFiles();
  for (const [directory, each] of Object.entries(directories)) files.add(directory, each);
  return files.native();
};

test('v2 counts microseconds, v1 nanoseconds: both are told in nanoseconds', () => {
  const unified = machine({ '/u/c': { 'cpu.stat': 'usage_usec 7\nnr_periods 4\nnr_throttled 1\n' } });
  assert.deepEqual(readUsage(unified, v2).cpu, { total: 7000, periods: 4, throttledPeriods: 1 });
  const old = machine({ '/cpu/c': { 'cpu.stat': 'nr_periods 4\nnr_throttled 1\n', 'cpuacct.usage': '7\n' } });
  assert.deepEqual(readUsage(old, v1).cpu, { total: 7, periods: 4, throttledPeriods: 1 });
});

test('no limit is none, in the way of each version', () => {
  const unified = machine({ '/u/c': { 'memory.current': '5\n', 'memory.max': 'max\n' } });
  assert.deepEqual(readUsage(unified, v2).memory, { usage: 5, limit: undefined });
  const limits = (limit: string) =>
    readUsage(
      machine({ '/memory/c': { 'memory.usage_in_bytes': '5\n', 'memory.limit_in_bytes': limit } }),
      v1,
    ).memory?.limit;
  assert.equal(limits('4096\n'), 4096);
  assert.equal(limits('9223372036854771712\n'), undefined);
});

test('what the machine does not count is left out', () => {
  const { cpu, memory, pids, serviceBytes, pressure } = readUsage(machine({ '/u/c': {} }), v2);
  assert.deepEqual([cpu, memory, pids, serviceBytes], [undefined, undefined, undefined, undefined]);
  assert.deepEqual(Object.values(pressure), [undefined, undefined, undefined]);
  assert.equal(
    readUsage(machine({ '/pids/c': { 'pids.current': '2\n', 'pids.max': '9\n' } }), v1).pids?.limit,
    9,
  );
});

test('oomKills() and forksRefused() read the file of the version that has the controller', () => {
  const unified = machine({ '/u/c': { 'memory.events': 'max 9\noom_kill 2\n', 'pids.events': 'max 3\n' } });
  assert.deepEqual([oomKills(unified, v2), forksRefused(unified, v2)], [2, 3]);
  const old = machine({
    '/memory/c': { 'memory.oom_control': 'under_oom 0\noom_kill 4\n' },
    '/pids/c': { 'pids.events': 'max 5\n' },
  });
  assert.deepEqual([oomKills(old, v1), forksRefused(old, v1)], [4, 5]);
  const nothing = machine({ '/u/c': {} });
  assert.deepEqual([oomKills(nothing, v2), oomKills(nothing, { ...v1, hierarchies: [] })], [0, 0]);
});

test.run();
