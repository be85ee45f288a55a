/** Tests also: src/cgroup/statistics/statistics-v1.ts src/cgroup/statistics/statistics-v2.ts */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { readStatistics } from '../../../../src/cgroup/statistics/statistics.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('statistics');
const unlimited = '9223372036854771712\n';

test('of v1, from the files of each controller', () => {
  const fake = new FakeFiles();
  fake.add('/cpu', { 'cpu.stat': 'nr_periods 4\nnr_throttled 2\nthrottled_time 700\n' });
  fake.add('/cpuacct', {
    'cpuacct.usage': '3000\n',
    'cpuacct.usage_user': '1000\n',
    'cpuacct.usage_sys': '2000\n',
    'cpuacct.usage_percpu': '1 2 \n',
  });
  fake.add('/memory', {
    'memory.usage_in_bytes': '10\n',
    'memory.max_usage_in_bytes': '20\n',
    'memory.limit_in_bytes': '30\n',
    'memory.failcnt': '4\n',
    'memory.memsw.usage_in_bytes': '11\n',
    'memory.memsw.max_usage_in_bytes': '21\n',
    'memory.memsw.limit_in_bytes': unlimited,
    'memory.memsw.failcnt': '0\n',
    'memory.stat': 'cache 1\ntotal_cache 5\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 9\n',
    'memory.use_hierarchy': '1\n',
  });
  fake.add('/pids', { 'pids.current': '3\n', 'pids.max': 'max\n' });
  fake.add('/blkio', {
    'blkio.bfq.io_service_bytes_recursive': 'Total 0\n',
    'blkio.bfq.io_serviced_recursive': 'Total 0\n',
    'blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n',
    'blkio.throttle.io_serviced_recursive': '8:0 Read 1\nTotal 1\n',
  });
  fake.add('/unified', {
    'memory.pressure':
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    'hugetlb.2MB.current': '2097152\n',
    'hugetlb.2MB.max': 'max\n',
    'hugetlb.2MB.events': 'max 1\n',
  });
  const saved: SavedCgroup = {
    driver: 'cgroupfs',
    mode: 'hybrid',
    rootless: false,
    hierarchies: ['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map((name) => ({
      controllers: [name],
      path: `/${name}`,
    })),
    unified: { mount: '/unified', path: '/unified' },
  };
  const { cpu, memory, pids, blockIo, hugepages, rdma } = readStatistics(fake.native(), saved);
  assert.deepEqual(
    [cpu?.total, cpu?.user, cpu?.system, cpu?.perCpu, cpu?.throttledPeriods, cpu?.throttledTime],
    [3000, 1000, 2000, [1, 2], 2, 700],
  );
  assert.deepEqual(memory?.usage, { usage: 10, maximum: 20, limit: 30, failures: 4 });
  assert.deepEqual(memory?.swap, { usage: 11, maximum: 21, limit: undefined, failures: 0 });
  assert.deepEqual([memory?.cache, memory?.oomKills, memory?.pressure?.some?.average10], [5, 9, 1.5]);
  assert.equal(memory?.pressure?.some?.total, 77);
  assert.deepEqual(pids, { current: 3, limit: undefined });
  assert.deepEqual(blockIo?.serviceBytes, [
    { major: 8, minor: 0, operation: 'Read', value: 4096 },
    { major: 8, minor: 0, operation: 'Total', value: 4096 },
  ]);
  assert.deepEqual(hugepages, {
    '2MB': { usage: 2097152, maximum: undefined, limit: undefined, failures: 1 },
  });
  assert.equal(rdma, undefined);
});

test('of v2, in the same words and units', () => {
  const fake = new FakeFiles();
  fake.add('/u', {
    'cpu.stat': 'usage_usec 3\nuser_usec 1\nsystem_usec 2\nnr_periods 4\nnr_throttled 2\nthrottled_usec 5\n',
    'memory.current': '10\n',
    'memory.max': '30\n',
    'memory.swap.current': '1\n',
    'memory.swap.max': '5\n',
    'memory.stat': 'file 4\nkernel 2\nsock 1\n',
    'memory.events': 'low 0\nhigh 0\nmax 6\noom 1\noom_kill 2\n',
    'pids.current': '3\n',
    'pids.max': '7\n',
    'io.stat': '254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n',
    'rdma.current': 'mlx5 hca_handle=1 hca_object=2\n',
    'rdma.max': 'mlx5 hca_handle=max hca_object=9\n',
  });
  const saved: SavedCgroup = {
    driver: 'cgroupfs',
    mode: 'v2',
    rootless: false,
    hierarchies: [],
    unified: { mount: '/', path: '/u' },
  };
  const { cpu, memory, pids, blockIo, hugepages, rdma } = readStatistics(fake.native(), saved);
  assert.deepEqual([cpu?.total, cpu?.throttledTime, cpu?.perCpu], [3000, 5000, undefined]);
  assert.deepEqual(memory?.usage, { usage: 10, maximum: undefined, limit: 30, failures: 6 });
  assert.deepEqual(memory?.swap, { usage: 11, maximum: undefined, limit: 35, failures: undefined });
  assert.deepEqual([memory?.cache, memory?.oomKills, memory?.kernel?.usage], [4, 2, 2]);
  assert.deepEqual(pids, { current: 3, limit: 7 });
  assert.deepEqual(blockIo?.serviceBytes[0], { major: 254, minor: 0, operation: 'Read', value: 4096 });
  assert.equal(hugepages, undefined);
  assert.deepEqual(rdma, {
    current: { mlx5: { hcaHandles: 1, hcaObjects: 2 } },
    limit: { mlx5: { hcaHandles: undefined, hcaObjects: 9 } },
  });
});

test('of a cgroup that is gone: nothing', () => {
  const fake = new FakeFiles();
  const saved: SavedCgroup = {
    driver: 'cgroupfs',
    mode: 'v1',
    rootless: false,
    hierarchies: [{ controllers: ['memory'], path: '/gone' }],
    unified: undefined,
  };
  const { cpu, memory, pids } = readStatistics(fake.native(), saved);
  assert.deepEqual([cpu, memory, pids], [undefined, undefined, undefined]);
});

test.run();
