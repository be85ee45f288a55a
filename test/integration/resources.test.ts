/** Limits at work: what a greedy container cannot do, started with it or entered by exec. */
import { strict as assert } from 'node:assert';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Resources } from '../../src/spec/config.ts';
import type { ConfigChange, Mutable } from './support/bundle.ts';
import { control, counter, files, pureV2 } from './support/cgroup-of.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`resources (${runtimeKind})`);
const mebibyte = 1024 * 1024;
const killed = 137;
const hog = 'dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null';
const tick = 'while :; do echo -n x >> /tmp/ticks; sleep 0.02; done';

const limited =
  (resources: Mutable<Resources>, change: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.linux) config.linux.resources = resources;
    if (config.root) config.root.readonly = false;
    change(config);
  };

/** A running container that counts, and whether it goes on. */
async function neighbour(sandbox: Sandbox) {
  const bundle = sandbox.script(tick, limited({}));
  const id = sandbox.id();
  expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
  expectSuccess(await sandbox.tsoci(['start', id]));
  const ticks = () => statSync(join(bundle.rootfs, 'tmp/ticks'), { throwIfNoEntry: false })?.size ?? 0;
  const goesOn = async () => {
    const before = ticks();
    await until('the neighbour goes on', () => ticks() > before + 3);
  };
  await goesOn();
  return { goesOn };
}

test('a memory hog is killed alone, while its neighbour goes on', () =>
  withSandbox(async (sandbox) => {
    const { goesOn } = await neighbour(sandbox);
    const resources = { memory: { limit: 16 * mebibyte, swap: 16 * mebibyte } };
    const output = await sandbox.output(`${hog}; echo "ended with $?"`, limited(resources));
    assert.equal(output, `ended with ${killed}\n`);
    await goesOn();
    const id = await sandbox.running(limited(resources));
    const result = await sandbox.tsoci(['exec', id, 'sh', '-c', `exec ${hog}`]);
    assert.equal(result.code, killed);
    assert.equal((await sandbox.state(id)).status, 'running');
    // the same without a limit: what killed it was the limit
    expectSuccess(await sandbox.run(['sh', '-c', hog], limited({})));
    await goesOn();
  }));

test('a fork bomb stops at pids.limit', () =>
  withSandbox(async (sandbox) => {
    const bomb = 'while :; do sleep 1000 & done';
    const resources = { pids: { limit: 12 } };
    const first = await sandbox.running(limited(resources), [
      'sh',
      '-c',
      `(${bomb}) 2>/dev/null; sleep 1000`,
    ]);
    const stopped = async (id: string) => {
      await until('the bomb met the limit', () => counter(control(sandbox, id, files.pidsEvents), 'max') > 0);
      assert.ok(Number(control(sandbox, id, files.pidsNow)) <= 12);
    };
    await stopped(first);
    const second = await sandbox.running(limited(resources));
    const result = await sandbox.tsoci(['exec', second, 'sh', '-c', bomb]);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /fork/);
    await stopped(second);
  }));

test('a CPU quota shows in cpu.stat', () =>
  withSandbox(async (sandbox) => {
    const resources = { cpu: { quota: 10000, period: 100000 } };
    const throttled = (id: string) => counter(control(sandbox, id, files.cpuStat), 'nr_throttled');
    const first = await sandbox.running(limited(resources), ['sh', '-c', 'while :; do :; done']);
    await until('it was throttled', () => throttled(first) > 3);
    const second = await sandbox.running(limited(resources));
    const before = throttled(second);
    await sandbox.tsoci(['exec', second, 'timeout', '2', 'sh', '-c', 'while :; do :; done']);
    assert.ok(throttled(second) > before + 3, `${before} → ${throttled(second)} throttled periods`);
  }));

test('a device that no rule allows is refused, also when it was just made', () =>
  withSandbox(async (sandbox) => {
    const mayMake: ConfigChange = ({ process }) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        process?.capabilities?.[set]?.push('CAP_MKNOD');
    };
    // the kernel's log: opened, and nothing written to it
    const script =
      'mknod /tmp/log c 1 11; sh -c "true > /tmp/log" && echo open; echo x > /dev/null && echo null';
    const none = { devices: [{ allow: false, access: 'rwm' }] };
    const some = {
      devices: [...none.devices, { allow: true, type: 'c' as const, major: 1, minor: 11, access: 'w' }],
    };
    const run = (resources: Mutable<Resources>) =>
      sandbox.run(['sh', '-c', script], limited(resources, mayMake));
    const refused = await run(none);
    assert.match(refused.stderr, /\/tmp\/log: Operation not permitted/);
    assert.equal(refused.stdout, 'null\n');
    assert.equal((await run(some)).stdout, 'open\nnull\n');
    const id = await sandbox.running(limited(none, mayMake));
    const entered = await sandbox.tsoci(['exec', '--cap', 'CAP_MKNOD', id, 'sh', '-c', script]);
    assert.match(entered.stderr, /\/tmp\/log: Operation not permitted/);
    assert.equal(entered.stdout, 'null\n');
    // allowed while it runs
    const input = JSON.stringify(some);
    expectSuccess(await sandbox.tsoci(['update', '-r', '-', id], { input }));
    assert.equal((await sandbox.tsoci(['exec', id, 'sh', '-c', script])).stdout, 'open\nnull\n');
  }));

/** The disk that holds the bundles, when it is a whole one. */
function bundleDisk(): { readonly major: number; readonly minor: number } | undefined {
  const { dev } = statSync(tmpdir());
  const numbers = { major: (dev >> 8) & 0xfff, minor: (dev & 0xff) | ((dev >> 12) & 0xfff00) };
  const path = `/sys/dev/block/${numbers.major}:${numbers.minor}`;
  const whole = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return whole && statSync(`${path}/partition`, { throwIfNoEntry: false }) === undefined
    ? numbers
    : undefined;
}

const target = bundleDisk();

testWhere(
  test,
  target !== undefined,
  'bundles are not on a disk of their own',
  'a throttled disk writer is slow',
  () =>
    withSandbox(async (sandbox) => {
      const rate = mebibyte / 2;
      const write = 'dd if=/dev/zero of=/tmp/data bs=256k count=12 oflag=direct conv=fsync 2>/dev/null';
      const timed = async (resources: Resources, enter: boolean) => {
        const change = limited(resources as Mutable<Resources>);
        const id = enter ? await sandbox.running(change) : undefined;
        const began = Date.now();
        expectSuccess(
          await (id
            ? sandbox.tsoci(['exec', id, 'sh', '-c', write])
            : sandbox.run(['sh', '-c', write], change)),
        );
        return Date.now() - began;
      };
      const slow = { blockIO: { throttleWriteBpsDevice: [{ ...(target ?? { major: 0, minor: 0 }), rate }] } };
      // on a machine that is slower than the limit nothing can be seen of it
      const free = Math.min(await timed({}, false), await timed({}, false));
      assert.ok(free < 4500, `${free} ms free`);
      for (const enter of [false, true]) {
        // 3 MiB at half a MiB a second
        const taken = await timed(slow, enter);
        assert.ok(taken > 4500, `${taken} ms throttled, ${free} ms free`);
      }
    }),
);

test('a memory limit that is too low to start says so in words, and leaves nothing behind', () =>
  withSandbox(async (sandbox) => {
    const change = limited({ memory: { limit: 64 * 1024 } });
    const words = /memory limit 64 KiB is too low to start: /;
    expectRefusal(await sandbox.run(['true'], change), words);
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['true'], change);
    expectRefusal(await sandbox.tsoci(['create', '--bundle', directory, id]), words);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a limit of processes that admits no more than the first holds', () =>
  withSandbox(async (sandbox) => {
    for (const limit of [0, 1]) {
      const alone = await sandbox.run(['sh', '-c', 'echo alone; true & wait'], limited({ pids: { limit } }));
      assert.equal(alone.stdout, 'alone\n', `limit ${limit}`);
      assert.match(alone.stderr, /can't fork/, `limit ${limit}`);
    }
  }));

test('inside, the cgroup filesystem shows the container its own limits, under the usual names', () =>
  withSandbox(async (sandbox) => {
    const resources = { memory: { limit: 48 * mebibyte } };
    const own: ConfigChange = ({ linux }) => {
      if (!linux?.namespaces?.some(({ type }) => type === 'cgroup'))
        linux?.namespaces?.push({ type: 'cgroup' });
    };
    const host: ConfigChange = ({ linux }) => {
      if (linux?.namespaces) linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'cgroup');
    };
    const writable: ConfigChange = (config) => {
      own(config);
      for (const mount of config.mounts ?? [])
        if (mount.type === 'cgroup')
          mount.options = (mount.options ?? []).filter((option) => option !== 'ro');
    };
    const directory = pureV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    const file = `${directory}/${pureV2 ? 'memory.max' : 'memory.limit_in_bytes'}`;
    const attempt = `mkdir ${directory}/sub 2>/dev/null && echo made && rmdir ${directory}/sub || echo refused`;
    for (const namespace of [own, host]) {
      const output = await sandbox.output(`cat ${file}; ${attempt}`, limited(resources, namespace));
      assert.equal(output, `${48 * mebibyte}\nrefused\n`);
    }
    assert.equal(await sandbox.output(attempt, limited(resources, writable)), 'made\n');
    const paths = await sandbox.output('cut -d: -f3 /proc/self/cgroup | sort -u', limited(resources, own));
    assert.equal(paths, '/\n');
    if (!pureV2) {
      const names = (await sandbox.output('ls /sys/fs/cgroup', limited({}, own))).trim().split(/\s+/);
      for (const name of ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids'])
        assert.ok(names.includes(name), name);
    }
  }));

test.run();
