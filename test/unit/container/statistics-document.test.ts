import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { stringifyJson } from '../../../src/bundle/json/stringify-json.ts';
import type { CgroupStatistics } from '../../../src/cgroup/statistics/cgroup-statistics.ts';
import { statisticsDocument } from '../../../src/container/statistics-document.ts';

const test = suite('statisticsDocument');

const nothing: CgroupStatistics = {
  cpu: undefined,
  cpuset: undefined,
  memory: undefined,
  pids: undefined,
  blockIo: undefined,
  hugepages: undefined,
  rdma: undefined,
};

test('statisticsDocument() has every part, also of a machine that measures nothing', () => {
  const document = statisticsDocument(nothing, 'v2', {});
  assert.deepEqual(Object.keys(document), [
    'cpu',
    'cpuset',
    'memory',
    'pids',
    'blkio',
    'hugetlb',
    'intel_rdt',
    'network_interfaces',
  ]);
  assert.deepEqual(document.cpu, { usage: { kernel: 0, user: 0 }, throttling: {} });
  assert.deepEqual(document.memory.usage, { limit: 0, failcnt: 0 });
});

test('no limit is the number that readers take for it, written as an integer', () => {
  const counter = { usage: 5, maximum: undefined, limit: undefined, failures: undefined };
  const memory = {
    usage: counter,
    swap: undefined,
    swapOnly: undefined,
    kernel: undefined,
    kernelTcp: undefined,
    cache: 0,
    oomKills: 0,
    events: {},
    useHierarchy: true,
    raw: {},
    pressure: undefined,
  };
  const text = (mode: 'v1' | 'v2') =>
    stringifyJson(statisticsDocument({ ...nothing, memory }, mode, {}).memory.usage);
  assert.equal(text('v1'), '{"limit":9223372036854771712,"usage":5,"failcnt":0}');
  assert.equal(text('v2'), '{"limit":18446744073709551615,"usage":5,"failcnt":0}');
});

test('block I/O and pressure have the names that engines parse', () => {
  const line = { average10: 1.5, average60: 2, average300: 3, total: 4 };
  const blockIo = {
    serviceBytes: [{ major: 8, minor: 0, operation: 'Read', value: 4096 }],
    serviced: [],
    pressure: { some: line, full: undefined },
  };
  assert.deepEqual(statisticsDocument({ ...nothing, blockIo }, 'v2', {}).blkio, {
    ioServiceBytesRecursive: [{ major: 8, op: 'Read', value: 4096 }],
    psi: { some: { avg10: 1.5, avg60: 2, avg300: 3, total: 4 } },
  });
});

test.run();
