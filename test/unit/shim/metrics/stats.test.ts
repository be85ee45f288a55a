import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { CgroupStatistics } from '../../../../src/cgroup/statistics/cgroup-statistics.ts';
import { Failure } from '../../../../src/failure.ts';
import { decodeMessage } from '../../../../src/protobuf.ts';
import { metricsV1, metricsV1Url, metricsV2, metricsV2Url } from '../../../../src/shim/metrics/messages.ts';
import { statsOf } from '../../../../src/shim/metrics/stats.ts';
import type { Shim } from '../../../../src/shim/task/shim.ts';
import type { Task } from '../../../../src/shim/task/task.ts';
import { codes, StatusError } from '../../../../src/shim/ttrpc/status.ts';
import { systemError } from '../../cgroup/fake-files.ts';

const test = suite('shim: statsOf()');

const task = { id: 'c', context: {} } as Task;
const measuring = (measure: () => unknown) => ({ containers: { measure } }) as unknown as Shim;
const nothing: CgroupStatistics = {
  cpu: undefined,
  cpuset: undefined,
  memory: undefined,
  pids: undefined,
  blockIo: undefined,
  hugepages: undefined,
  rdma: undefined,
};
const counter = (usage: number, limit: number | undefined) => ({ usage, maximum: 9, limit, failures: 2 });
const line = { average10: 1.5, average60: 2.5, average300: 3.5, total: 77 };

const used: CgroupStatistics = {
  ...nothing,
  cpu: {
    total: 5_000_999,
    user: 3_000_000,
    system: 2_000_000,
    perCpu: [1, 2],
    perCpuUser: undefined,
    perCpuSystem: undefined,
    periods: 4,
    throttledPeriods: 3,
    throttledTime: 6_000,
    pressure: { some: line, full: undefined },
  },
  memory: {
    usage: counter(100, undefined),
    swap: counter(110, 120),
    swapOnly: counter(10, undefined),
    kernel: undefined,
    kernelTcp: undefined,
    cache: 0,
    oomKills: 5,
    events: { low: 0, high: 1, max: 2, oom: 3, oom_kill: 5 },
    useHierarchy: true,
    raw: { anon: 31, rss: 32, unheard_of: 33 },
    pressure: undefined,
  },
  pids: { current: 7, limit: undefined },
  blockIo: {
    serviceBytes: [
      { major: 8, minor: 0, operation: 'Read', value: 1000 },
      { major: 8, minor: 0, operation: 'Write', value: 2000 },
      { major: 8, minor: 16, operation: 'Discard', value: 3000 },
    ],
    serviced: [
      { major: 8, minor: 0, operation: 'Read', value: 10 },
      { major: 8, minor: 0, operation: 'Write', value: 20 },
    ],
    pressure: undefined,
  },
  hugepages: { '2MB': counter(4096, undefined) },
  rdma: {
    current: { mlx4_0: { hcaHandles: 1, hcaObjects: 2 } },
    limit: { mlx4_0: { hcaHandles: undefined, hcaObjects: 20 } },
  },
};

async function measured(mode: 'v1' | 'v2' | 'hybrid', statistics: CgroupStatistics) {
  const { stats } = await statsOf(
    measuring(async () => ({ statistics, mode })),
    task,
  );
  return { url: stats?.type_url, value: stats?.value ?? new Uint8Array(0) };
}

test('v2: microseconds, no limit as all bits, and the operations of a device in one entry', async () => {
  const { url, value } = await measured('v2', used);
  assert.equal(url, metricsV2Url);
  const { cpu, memory, pids, io, hugetlb, rdma, memory_events } = decodeMessage(metricsV2, value);
  assert.deepEqual(cpu, {
    usage_usec: 5000n,
    user_usec: 3000n,
    system_usec: 2000n,
    nr_periods: 4n,
    nr_throttled: 3n,
    throttled_usec: 6n,
    pressure: { some: { avg10: 1.5, avg60: 2.5, avg300: 3.5, total: 77n } },
  });
  const { anon, file, usage, usage_limit, max_usage, swap_usage, swap_limit, swap_max_usage } = memory ?? {};
  const all = 2n ** 64n - 1n;
  assert.deepEqual([anon, file, usage, usage_limit, max_usage], [31n, 0n, 100n, all, 9n]);
  assert.deepEqual([swap_usage, swap_limit, swap_max_usage], [10n, all, 9n]);
  assert.deepEqual(memory_events, { low: 0n, high: 1n, max: 2n, oom: 3n, oom_kill: 5n, oom_group_kill: 0n });
  assert.deepEqual(pids, { current: 7n, limit: all });
  const none = { rbytes: 0n, wbytes: 0n, rios: 0n, wios: 0n };
  assert.deepEqual(io?.usage, [
    { major: 8n, minor: 0n, rbytes: 1000n, wbytes: 2000n, rios: 10n, wios: 20n },
    { major: 8n, minor: 16n, ...none },
  ]);
  assert.deepEqual(hugetlb, [{ current: 4096n, max: all, pagesize: '2MB', failcnt: 2n }]);
  assert.deepEqual(rdma, {
    current: [{ device: 'mlx4_0', hca_handles: 1, hca_objects: 2 }],
    limit: [{ device: 'mlx4_0', hca_handles: 0xffffffff, hca_objects: 20 }],
  });
});

for (const mode of ['v1', 'hybrid'] as const)
  test(`${mode}: nanoseconds, v1’s number for no limit, and each operation by itself`, async () => {
    const { url, value } = await measured(mode, used);
    assert.equal(url, metricsV1Url);
    const { cpu, memory, pids, blkio, hugetlb, memory_oom_control } = decodeMessage(metricsV1, value);
    assert.deepEqual(cpu, {
      usage: { total: 5_000_999n, kernel: 2_000_000n, user: 3_000_000n, per_cpu: [1n, 2n] },
      throttling: { periods: 4n, throttled_periods: 3n, throttled_time: 6000n },
    });
    const unlimited = 9223372036854771712n;
    assert.deepEqual(memory?.usage, { limit: unlimited, usage: 100n, max: 9n, failcnt: 2n });
    assert.deepEqual(memory?.swap, { limit: 120n, usage: 110n, max: 9n, failcnt: 2n });
    assert.deepEqual([memory?.rss, memory?.kernel], [32n, undefined]);
    assert.equal(memory_oom_control?.oom_kill, 5n);
    assert.deepEqual(pids, { current: 7n, limit: 0n });
    assert.deepEqual(blkio?.io_service_bytes?.[1], {
      op: 'Write',
      device: '8:0',
      major: 8n,
      minor: 0n,
      value: 2000n,
    });
    assert.equal(blkio?.io_serviced?.length, 2);
    assert.deepEqual(hugetlb, [{ usage: 4096n, max: 9n, failcnt: 2n, pagesize: '2MB' }]);
  });

test('what the machine does not have is left out', async () => {
  assert.deepEqual(decodeMessage(metricsV2, (await measured('v2', nothing)).value), {});
  assert.deepEqual(decodeMessage(metricsV1, (await measured('v1', nothing)).value), {});
});

test('a number that no count can be is 0, and not a failure', async () => {
  const odd = { ...nothing, pids: { current: -1, limit: 1.5 } };
  assert.deepEqual(decodeMessage(metricsV2, (await measured('v2', odd)).value).pids, {
    current: 0n,
    limit: 1n,
  });
});

async function refused(error: unknown): Promise<StatusError> {
  const failing = measuring(async () => {
    throw error;
  });
  try {
    await statsOf(failing, task);
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
}

test('a cgroup that has gone, or never was, is not found; any other failure is told', async () => {
  for (const error of [
    systemError('ENOENT', '/c'),
    systemError('ENODEV', '/c'),
    new Failure('status', 'it has ended'),
    new Failure('unsupported', 'no cgroups'),
  ]) {
    const { code, message } = await refused(error);
    assert.deepEqual([code, message], [codes.notFound, 'cgroup does not exist']);
  }
  const other = await refused(new Failure('system', 'read: EIO'));
  assert.deepEqual([other.code, other.message], [codes.unknown, 'read: EIO']);
});

test.run();
