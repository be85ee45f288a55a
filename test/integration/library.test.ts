/**
 * The library in a host with an event loop: many calls at once, on one container and on many, and nothing ever
 * blocks.
 */
import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as tsoci from '../../src/index.ts';
import { runtimeKind } from './support/runtime.ts';
import { type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

/** The library is of Node; what it leaves behind is looked for by the runtime that the run is about. */
const test = suite(`library (beside ${runtimeKind})`);

/** A runtime on the sandbox's root, and the ends that it tells of. */
function openRuntime(sandbox: Sandbox) {
  const exits: tsoci.ProcessExit[] = [];
  const runtime = tsoci.openRuntime({ root: sandbox.root, onExit: (exit) => void exits.push(exit) });
  return { runtime, exits };
}

const create = (runtime: tsoci.Runtime, sandbox: Sandbox, id: string, script = 'exec sleep 1000') =>
  tsoci.create(runtime, { id, bundle: sandbox.script(script).directory });

const codeOf = ({ reason }: PromiseRejectedResult): string => {
  assert.ok(reason instanceof tsoci.Failure, String(reason));
  return reason.code;
};
const isRefused = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';

test('many starts at once of one container: one of them starts it', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = sandbox.id();
    await create(runtime, sandbox, id);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => tsoci.start(runtime, id)));
    const refused = results.filter(isRefused);
    assert.equal(refused.length, 7);
    for (const each of refused) assert.equal(codeOf(each), 'status');
    assert.equal((await tsoci.state(runtime, id)).status, 'running');
    await tsoci.remove(runtime, id, { force: true });
  }));

test('many creates at once of one id: one of them makes it, and it is whole', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = sandbox.id();
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => create(runtime, sandbox, id)));
    const refused = results.filter(isRefused);
    assert.equal(refused.length, 5);
    for (const each of refused) assert.equal(codeOf(each), 'exists');
    await tsoci.start(runtime, id);
    await tsoci.remove(runtime, id, { force: true });
  }));

test('everything at once on one container ends in one of its states, and leaves nothing', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = sandbox.id();
    await create(runtime, sandbox, id);
    await tsoci.start(runtime, id);
    const calls = Array.from({ length: 4 }, () => [
      tsoci.pause(runtime, id),
      tsoci.resume(runtime, id),
      tsoci.update(runtime, id, { resources: { pids: { limit: 50 } }, name: 'test' }),
      tsoci.list(runtime),
    ]).flat();
    calls.push(tsoci.remove(runtime, id, { force: true }), tsoci.remove(runtime, id, { force: true }));
    for (const result of await Promise.allSettled<unknown>(calls))
      if (isRefused(result))
        assert.ok(['status', 'not-found', 'system'].includes(codeOf(result)), String(result.reason));
    assert.equal(existsSync(join(sandbox.root, id)), false);
  }));

test('many containers at once, without a thread for each; the end of each is told once', () =>
  withSandbox(async (sandbox) => {
    const { runtime, exits } = openRuntime(sandbox);
    const ids = Array.from({ length: 12 }, () => sandbox.id());
    const threads = () => readdirSync('/proc/self/task').length;
    const before = threads();
    await Promise.all(
      ids.map(async (id, index) => {
        await create(runtime, sandbox, id, `sleep 0.2; exit ${index}`);
        await tsoci.start(runtime, id);
      }),
    );
    // Node's own pool may come to life meanwhile; a thread for each container would be twelve.
    assert.ok(threads() < before + 8, `${threads()} threads instead of ${before}`);
    await until('all have ended', () => exits.length === ids.length);
    const codes = new Map(exits.map(({ id, code }) => [id, code]));
    assert.deepEqual(
      ids.map((id) => codes.get(id)),
      ids.map((_, index) => index),
    );
    await Promise.all(ids.map((id) => tsoci.remove(runtime, id, { force: false })));
  }));

test('a container whose process is our own child goes by force, and its end is told', () =>
  withSandbox(async (sandbox) => {
    const { runtime, exits } = openRuntime(sandbox);
    const id = sandbox.id();
    const { pid } = await create(runtime, sandbox, id);
    await tsoci.start(runtime, id);
    await tsoci.remove(runtime, id, { force: true });
    await until('its end is told', () => exits.length > 0);
    assert.deepEqual(exits, [{ id, pid, code: undefined, signal: 9 }]);
    assert.equal(existsSync(`/proc/${pid}`), false);
  }));

test('nobody has to ask: what was started is reaped, and wait() tells how it ended', () =>
  withSandbox(async (sandbox) => {
    const runtime = tsoci.openRuntime({ root: sandbox.root });
    const [killed, ended] = [sandbox.id(), sandbox.id()];
    const first = await create(runtime, sandbox, killed);
    await tsoci.start(runtime, killed);
    const second = await create(runtime, sandbox, ended, 'exit 3');
    await tsoci.start(runtime, ended);
    assert.equal((await tsoci.wait(runtime, ended)).code, 3);
    assert.equal(existsSync(`/proc/${second.pid}`), false, 'reaped before it is removed');
    assert.equal((await tsoci.state(runtime, ended)).status, 'stopped');
    assert.equal((await tsoci.wait(runtime, ended)).code, 3, 'as often as somebody asks');
    await Promise.all([tsoci.remove(runtime, killed, { force: true }), tsoci.remove(runtime, ended)]);
    assert.equal(existsSync(`/proc/${first.pid}`), false);
    assert.equal((await first.exited).signal, 9);
    const gone = await Promise.allSettled([tsoci.wait(runtime, ended)]);
    assert.equal(codeOf(gone[0] as PromiseRejectedResult), 'not-found');
  }));

test('wait() for the container of another program: its end, and that nobody else learns how', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = await sandbox.running(undefined, ['sleep', '0.5']);
    const { pid } = await tsoci.state(runtime, id);
    assert.deepEqual(await tsoci.wait(runtime, id), { id, pid, code: undefined, signal: undefined });
    assert.equal((await tsoci.state(runtime, id)).status, 'stopped');
    await tsoci.remove(runtime, id);
  }));

test('after an exec a container still ends by itself, and goes without force', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = sandbox.id();
    const told = 'until [ -e /dev/shm/told ]; do sleep 0.02; done; exit 4';
    const container = await create(runtime, sandbox, id, told);
    await tsoci.start(runtime, id);
    const quick = await tsoci.exec(runtime, id, ['sh', '-c', 'exit 5']);
    const slow = await tsoci.exec(runtime, id, ['sleep', '1000']);
    assert.equal((await quick.exited).code, 5);
    await (await tsoci.exec(runtime, id, ['touch', '/dev/shm/told'])).exited;
    assert.equal((await container.exited).code, 4);
    assert.equal((await slow.exited).signal, 9, 'the end of its init ends everybody in its pid namespace');
    assert.throws(() => slow.kill(), /has ended/);
    assert.equal((await tsoci.state(runtime, id)).status, 'stopped');
    await tsoci.remove(runtime, id);
  }));

test('a handle kills what it started, by name and by number', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const id = sandbox.id();
    const container = await create(runtime, sandbox, id);
    await tsoci.start(runtime, id);
    const two = await Promise.all([1, 2].map(() => tsoci.exec(runtime, id, ['sleep', '1000'])));
    two[0]?.kill();
    two[1]?.kill(9);
    assert.deepEqual(
      (await Promise.all(two.map(({ exited }) => exited))).map(({ signal }) => signal),
      [15, 9],
    );
    assert.throws(() => container.kill('NONSENSE'), /unknown signal/);
    assert.throws(() => container.resize({ rows: 1, columns: 1 }), /has no terminal here/);
    await tsoci.kill(runtime, id, 'KILL');
    assert.equal((await container.exited).signal, 9);
    await tsoci.remove(runtime, id);
  }));

test('what exec started is told of, too', () =>
  withSandbox(async (sandbox) => {
    const { runtime, exits } = openRuntime(sandbox);
    const id = sandbox.id();
    await create(runtime, sandbox, id);
    await tsoci.start(runtime, id);
    const started = await Promise.all(
      [7, 8, 9].map((code) => tsoci.exec(runtime, id, ['sh', '-c', `exit ${code}`])),
    );
    await until('they have ended', () => exits.length === 3);
    const codes = new Map(exits.map((exit) => [exit.pid, exit.code]));
    assert.deepEqual(
      started.map(({ pid }) => codes.get(pid)),
      [7, 8, 9],
    );
    await tsoci.remove(runtime, id, { force: true });
  }));

test('a lock that another process holds is waited for beside other work', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const [id, other] = [sandbox.id(), sandbox.id()];
    await create(runtime, sandbox, id);
    const holder = spawn('flock', [join(sandbox.root, id), 'sh', '-c', 'echo held; sleep 1.5'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let started = false;
    const starting = tsoci.start(runtime, id).then(() => {
      started = true;
    });
    await create(runtime, sandbox, other);
    await tsoci.start(runtime, other);
    assert.equal(started, false, 'positive control: it still waits');
    await starting;
    assert.equal((await tsoci.state(runtime, id)).status, 'running');
    await Promise.all([id, other].map((each) => tsoci.remove(runtime, each, { force: true })));
  }));

test('a slow hook holds up nobody but its own container', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const [slow, quick] = [sandbox.id(), sandbox.id()];
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '1'] }] };
    });
    let created = false;
    const creating = tsoci.create(runtime, { id: slow, bundle: bundle.directory }).then(() => {
      created = true;
    });
    await create(runtime, sandbox, quick);
    assert.equal(created, false);
    await creating;
    await Promise.all([slow, quick].map((each) => tsoci.remove(runtime, each, { force: true })));
  }));

/** Made by mkfifo(1): opening it to write waits for somebody who reads (fifo(7)). */
function makeFifo(path: string): string {
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

test('output to a fifo that nobody reads yet holds up nobody else', () =>
  withSandbox(async (sandbox) => {
    const { runtime } = openRuntime(sandbox);
    const directory = sandbox.directory();
    const [output, stdout] = [makeFifo(join(directory, 'output')), makeFifo(join(directory, 'stdout'))];
    const bundle = sandbox.script('echo said').directory;
    const waiting: tsoci.RunContainer[] = [
      { id: sandbox.id(), bundle, output },
      { id: sandbox.id(), bundle, streams: { stdout: { file: stdout } } },
    ];
    let running = 0;
    const runs = waiting.map(async (options) => {
      const container = await tsoci.run(runtime, options);
      running++;
      return (await container.exited).code;
    });
    const quick = await tsoci.run(runtime, { id: sandbox.id(), bundle, streams: 'ignore' });
    assert.equal((await quick.exited).code, 0);
    assert.equal(running, 0, 'positive control: they still wait');
    const said = await Promise.all([output, stdout].map((path) => readFile(path, 'utf8')));
    assert.deepEqual(said, ['said\n', 'said\n']);
    assert.deepEqual(await Promise.all(runs), [0, 0]);
  }));

test.run();
