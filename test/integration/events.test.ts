/** `events` and `stats`: the shape that engines parse, real numbers, out-of-memory events. */
import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { pureV2, savedCgroup } from './support/cgroup-of.ts';
import { runCommand, runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`events and stats (${runtimeKind})`);
const mebibyte = 1024 * 1024;
const busy = ['sh', '-c', 'while :; do :; done'];

/** A running `tsoci ARGS` and the lines that it has printed. Ends with the sandbox. */
function follow(sandbox: Sandbox, args: readonly string[]) {
  const [command = '', ...first] = runtimeCommand;
  const child = spawn(command, [...first, '--root', sandbox.root, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  sandbox.endsWith(child);
  return {
    ended,
    lines: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
  };
}

test('events --stats prints one line with what the container really uses', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (config.linux) {
        config.linux.resources = {
          memory: { limit: 64 * mebibyte },
          pids: { limit: 50 },
          cpu: { quota: 10000, period: 100000 },
        };
      }
    }, busy);
    const read = async () => {
      const { stdout } = expectSuccess(await sandbox.tsoci(['events', '--stats', id]));
      assert.equal(stdout.split('\n').length, 2);
      return JSON.parse(stdout);
    };
    const {
      type,
      id: named,
      data,
    } = await until('it was throttled', async () => {
      const event = await read();
      return event.data.cpu.throttling.throttledPeriods > 0 && event;
    });
    assert.equal(type, 'stats');
    assert.equal(named, id);
    assert.ok(data.cpu.usage.total > 0);
    assert.equal(data.memory.usage.limit, 64 * mebibyte);
    assert.ok(data.memory.usage.usage > 0 && data.memory.usage.usage <= 64 * mebibyte);
    assert.deepEqual(data.pids, { current: 1, limit: 50 });
    assert.equal(data.network_interfaces, null);
    assert.deepEqual(data.intel_rdt, {});
    const more = await until('it used more', async () => {
      const event = await read();
      return event.data.cpu.usage.total > data.cpu.usage.total && event;
    });
    assert.ok(more.data.cpu.throttling.periods >= data.cpu.throttling.periods);
  }));

testWhere(
  test,
  existsSync('/proc/pressure/cpu'),
  'this kernel measures no pressure',
  'events --stats tells the pressure where the cgroup has it',
  () =>
    withSandbox(async (sandbox) => {
      const id = await sandbox.running(undefined, busy);
      const { unified } = savedCgroup(sandbox, id);
      const { data } = JSON.parse(expectSuccess(await sandbox.tsoci(['events', '--stats', id])).stdout);
      for (const [part, file] of [
        ['cpu', 'cpu.pressure'],
        ['memory', 'memory.pressure'],
        ['blkio', 'io.pressure'],
      ] as const) {
        const measured = unified !== undefined && existsSync(join(unified.path, file));
        assert.equal(data[part].psi !== undefined, measured, part);
        if (measured) assert.equal(typeof data[part].psi.some.avg10, 'number', part);
      }
    }),
);

/** Paths of all members, arrays as `[]`. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null)
    return [`${path}: ${value === null ? 'null' : typeof value}`];
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((item) => shape(item, `${path}[]`));
  return Object.entries(value).flatMap(([name, inner]) => shape(inner, `${path}.${name}`));
}

const hasRunc = spawnSync('runc', ['--version']).status === 0;

testWhere(
  test,
  hasRunc,
  'no runc',
  'events --stats has every field that runc prints for the same container',
  () =>
    withSandbox(async (sandbox) => {
      const limits = {
        memory: { limit: 64 * mebibyte },
        pids: { limit: 50 },
        cpu: { quota: 20000, period: 100000 },
      };
      const bundle = sandbox.bundle(busy, (config) => {
        if (config.linux) config.linux.resources = limits;
      });
      const theirs = ['runc', '--root', sandbox.directory()];
      const peer = `tsoci-test-runc-${process.pid}`;
      sandbox.onClose(() => spawnSync(theirs[0] ?? '', [...theirs.slice(1), 'delete', '--force', peer]));
      expectSuccess(await runCommand([...theirs, 'run', '--detach', '--bundle', bundle.directory, peer]));
      const id = sandbox.id();
      expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
      expectSuccess(await sandbox.tsoci(['start', id]));
      const look = async () => {
        const { stdout: wanted } = expectSuccess(await runCommand([...theirs, 'events', '--stats', peer]));
        const { stdout: got } = expectSuccess(await sandbox.tsoci(['events', '--stats', id]));
        const mine = new Set(shape(JSON.parse(got)));
        // The two did different I/O; how much memory.stat tells is the kernel's business, and in the same file.
        const missing = shape(JSON.parse(wanted)).filter(
          (path) =>
            !mine.has(path) && !path.startsWith('.data.blkio.io') && !path.startsWith('.data.memory.cache'),
        );
        // runc prints flags of a v1 cpuset on v2 as well, where there are none.
        return missing.filter((path) => !(pureV2 && path.startsWith('.data.cpuset.')));
      };
      // Neither prints a zero: on a busy machine one of them may have done something that the other comes to later.
      let missing = await look();
      for (let tries = 0; tries < 20 && missing.length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        missing = await look();
      }
      assert.deepEqual(missing, []);
    }),
);

test('events prints statistics at the interval, an oom at once, and ends with the container', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (config.linux) config.linux.resources = { memory: { limit: 16 * mebibyte, swap: 16 * mebibyte } };
    });
    const { ended, lines } = follow(sandbox, ['events', '--interval', '200ms', id]);
    await until('two statistics came', () => lines().filter(({ type }) => type === 'stats').length >= 2);
    assert.equal(lines().filter(({ type }) => type === 'oom').length, 0);
    const hog = await sandbox.tsoci(['exec', id, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1']);
    assert.equal(hog.code, 137);
    const oom = await until('the oom was told', () => lines().find(({ type }) => type === 'oom'));
    assert.deepEqual(oom, { type: 'oom', id });
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    assert.equal(await ended, 0);
  }));

test('events of a container that has stopped, or is not there, is refused', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    expectRefusal(
      await sandbox.tsoci(['events', '--interval', 'soon', id]),
      /--interval "soon": wanted a time/,
    );
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    expectRefusal(await sandbox.tsoci(['events', '--stats', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['events', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['events', '--stats', 'nobody']), /does not exist/);
    expectRefusal(await sandbox.tsoci(['stats', '--no-stream', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['stats', 'nobody', '--no-stream']), /does not exist/);
  }));

test('stats shows all running containers, or those that are named, as a table and as JSON', () =>
  withSandbox(async (sandbox) => {
    const limits = {
      memory: { limit: 64 * mebibyte },
      pids: { limit: 50 },
      cpu: { quota: 20000, period: 100000 },
    };
    const id = await sandbox.running((config) => {
      if (config.linux) config.linux.resources = limits;
    }, busy);
    const other = await sandbox.running();
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['stats', '--no-stream', '--json', '--interval', '500ms']),
    );
    const all = JSON.parse(stdout) as { id: string; cpuPercent: number; memory: { limit?: number } }[];
    assert.deepEqual(all.map((each) => each.id).sort(), [id, other].sort());
    const [first] = all.filter((each) => each.id === id);
    assert.ok(first && first.cpuPercent > 1 && first.cpuPercent < 80, `${first?.cpuPercent} % of 20 %`);
    assert.equal(first?.memory.limit, 64 * mebibyte);
    expectSuccess(await sandbox.tsoci(['pause', other]));
    const table = expectSuccess(await sandbox.tsoci(['stats', other, '--no-stream']))
      .stdout.trim()
      .split('\n');
    assert.equal(table.length, 2);
    assert.match(table[0] ?? '', /^ID +CPU +MEMORY +LIMIT +USED +PIDS/);
    assert.match(table[1] ?? '', new RegExp(`^${other} \\(paused\\) `));
    const { ended, lines } = follow(sandbox, ['stats', '--json', '--interval', '50ms', id]);
    await until('three lists came', () => lines().length >= 3);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    assert.equal(await ended, 0);
  }));

test.run();
