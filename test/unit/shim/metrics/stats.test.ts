import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../../src/failure.ts';
import { decodeMessage } from '../../../../src/protobuf.ts';
import { metricsV1, metricsV1Url, metricsV2, metricsV2Url } from '../../../../src/shim/metrics/messages.ts';
import { statsOf } from '../../../../src/shim/metrics/stats.ts';
import type { Shim } from '../../../../src/shim/task/shim.ts';
import type { Task } from '../../../../src/shim/task/task.ts';
import { codes } from '../../../../src/shim/ttrpc/status.ts';

const test = suite('shim: Stats');

const measured = (mode: 'v1' | 'v2', statistics: object) =>
  statsOf(
    { containers: { measure: async () => ({ mode, statistics }) } } as unknown as Shim,
    { id: 'c' } as Task,
  ).then(({ stats }) => stats);

const usage = { usage: 5, maximum: 9, limit: undefined, failures: 3 };
const memory = { usage, raw: { anon: 7, cache: 4, not_in_the_message: 1 }, events: {}, oomKills: 2 };

test('v2: no limit is all bits, nanoseconds are microseconds, the counters of memory.events are all there', async () => {
  const line = { average10: 1.5, average60: 2, average300: 3, total: 99 };
  const stats = await measured('v2', {
    pids: { current: 3, limit: undefined },
    cpu: { total: 5000, user: 3000, system: 2000, pressure: { some: line, full: undefined } },
    memory: {
      ...memory,
      swapOnly: { ...usage, limit: 11 },
      events: { low: 1, high: 2, max: 3, oom: 4, oom_kill: 5 },
    },
    blockIo: {
      serviceBytes: [
        { major: 8, minor: 1, operation: 'Read', value: 100 },
        { major: 8, minor: 1, operation: 'Write', value: 200 },
      ],
      serviced: [{ major: 8, minor: 1, operation: 'Read', value: 2 }],
    },
    hugepages: { '2MB': { usage: 1, maximum: 2, limit: undefined, failures: 0 } },
    rdma: { current: { mlx: { hcaHandles: 1, hcaObjects: 2 } }, limit: { mlx: {} } },
  });
  assert.equal(stats?.type_url, metricsV2Url);
  const told = decodeMessage(metricsV2, stats?.value ?? new Uint8Array(0));
  const all = 2n ** 64n - 1n;
  assert.deepEqual(told.pids, { current: 3n, limit: all });
  assert.deepEqual([told.cpu?.usage_usec, told.cpu?.user_usec, told.cpu?.system_usec], [5n, 3n, 2n]);
  assert.deepEqual([told.cpu?.pressure?.some?.avg10, told.cpu?.pressure?.some?.total], [1.5, 99n]);
  assert.deepEqual([told.memory?.anon, told.memory?.usage, told.memory?.usage_limit], [7n, 5n, all]);
  assert.deepEqual([told.memory?.max_usage, told.memory?.swap_limit], [9n, 11n]);
  const { low, high, max, oom, oom_kill } = told.memory_events ?? {};
  assert.deepEqual([low, high, max, oom, oom_kill], [1n, 2n, 3n, 4n, 5n]);
  const [device, ...others] = told.io?.usage ?? [];
  assert.equal(others.length, 0);
  assert.deepEqual(
    [device?.major, device?.minor, device?.rbytes, device?.wbytes, device?.rios],
    [8n, 1n, 100n, 200n, 2n],
  );
  assert.equal(told.hugetlb?.[0]?.max, all);
  assert.equal(told.rdma?.limit?.[0]?.hca_handles, 0xffffffff);
});

test('v1: no limit is the kernel’s number, and times stay nanoseconds', async () => {
  const stats = await measured('v1', {
    pids: { current: 3, limit: undefined },
    cpu: { total: 5000, user: 3000, system: 2000, perCpu: [1, 4999], periods: 6 },
    memory,
  });
  assert.equal(stats?.type_url, metricsV1Url);
  const told = decodeMessage(metricsV1, stats?.value ?? new Uint8Array(0));
  assert.deepEqual([told.cpu?.usage?.total, told.cpu?.usage?.per_cpu], [5000n, [1n, 4999n]]);
  assert.equal(told.memory?.usage?.limit, 9223372036854771712n);
  assert.deepEqual([told.memory?.cache, told.memory?.usage?.failcnt], [4n, 3n]);
  assert.equal(told.memory_oom_control?.oom_kill, 2n);
});

test('a cgroup that is gone is not found; anything else is an error that says what', async () => {
  for (const [error, code] of [
    [Object.assign(new Error('x'), { code: 'ENOENT', errno: -2, syscall: 'open' }), codes.notFound],
    [new Failure('status', 'container not running'), codes.notFound],
    [new Failure('system', 'the disk burns'), codes.unknown],
  ] as const) {
    const failing = { containers: { measure: () => Promise.reject(error) } } as unknown as Shim;
    const refused = await statsOf(failing, { id: 'c' } as Task).then(
      () => undefined,
      (thrown) => thrown,
    );
    assert.equal(refused.code, code, String(error));
  }
});

test.run();
