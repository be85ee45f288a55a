/** Our shim in containerd: what is shared, what is left when it dies, and how one looks inside. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { childrenOf } from '../integration/support/processes.ts';
import { runCommand } from '../integration/support/runtime.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { engineRuntime } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { processesNaming } from './support/laboratory.ts';
import { withPod } from './support/pod.ts';

process.env['TSOCI_ENGINE_SHIM'] = '1';
const test = engineSuite('containerd, with our shim,', ['containerd', 'ctr=containerd'], () =>
  Containerd.open(),
);

const forever = ['sleep', '1000'];
/** Another test may have a container of that name. */
const shimsOf = (engine: { readonly socket: string }, id: string): number[] =>
  processesNaming(`-id\0${id}\0-address\0${engine.socket}`);

test('a pod has one shim, of one thread and one more for its streams, and tsoci lists its containers', (engine) =>
  withPod(engine, 'shared', async (pod) => {
    const ids = [await pod.start('first', forever), await pod.start('second', forever)];
    assert.deepEqual(
      ids.flatMap((id) => shimsOf(engine, id)),
      [],
    );
    const [shim, ...others] = shimsOf(engine, pod.id);
    assert.ok(shim !== undefined);
    assert.deepEqual(
      others.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
      [],
    );
    assert.equal(childrenOf(shim).length, 3);
    // Mounting had threads of its own, which end.
    await until('it has two threads', () => readdirSync(`/proc/${shim}/task`).length <= 2, 3);
    const root = ['--root', `${engine.path('cri-runtime')}/k8s.io`];
    const { stdout } = expectSuccess(await runCommand([engineRuntime, ...root, 'list', '--quiet']));
    assert.deepEqual(stdout.trim().split('\n').sort(), [pod.id, ...ids].sort());
    const exec = await runCommand([
      engineRuntime,
      ...root,
      'exec',
      ids[0] as string,
      'echo',
      'from the side',
    ]);
    assert.equal(expectSuccess(exec).stdout, 'from the side\n');
    for (const id of ids) await pod.remove(id);
  }));

test('a shim that is killed: nothing of its pod is left, and containerd knows', (engine) =>
  withPod(engine, 'killed', async (pod) => {
    const ids = [await pod.start('first', forever), await pod.start('second', forever)];
    const [shim = 0] = shimsOf(engine, pod.id);
    const pids = childrenOf(shim);
    process.kill(shim, 'SIGKILL');
    await until('they have ended', () => !pids.some((pid) => existsSync(`/proc/${pid}/root/.`)));
    for (const id of ids) await until('it is known', async () => (await pod.state(id)) === 2);
    for (const id of [pod.id, ...ids]) await until('its cgroup is gone', () => cgroupsNamed(id).length === 0);
  }));

test('options in a file: one shim for all, and another place for their state', async (engine) => {
  const options = engine.path('options.toml');
  const root = engine.path('other-root');
  writeFileSync(options, `Group = "node"\nRoot = "${root}"\n`);
  const config = ['--runtime-config-path', options];
  const first = await engine.running(forever, config);
  const second = await engine.running(forever, config);
  assert.deepEqual([shimsOf(engine, first).length, shimsOf(engine, second).length], [1, 0]);
  const { stdout } = expectSuccess(
    await runCommand([engineRuntime, '--root', `${root}/${engine.name}`, 'list', '--quiet']),
  );
  assert.deepEqual(stdout.trim().split('\n').sort(), [first, second].sort());
  await engine.remove(first);
  assert.equal(await engine.status(second), 'RUNNING');
  await engine.remove(second);
  await until('the shim ends', () => shimsOf(engine, first).length === 0);
});

test('a hundred pods at once: each has its shim, and all are gone afterwards', async (engine) => {
  const number = 100;
  let up = 0;
  let all = (): void => undefined;
  const everybody = new Promise<void>((resolve) => {
    all = resolve;
  });
  const pods = Array.from({ length: number }, (_, index) =>
    withPod(engine, `many-${index}`, async (pod) => {
      const id = await pod.start('main', forever);
      if (++up === number) all();
      await everybody;
      assert.equal(await pod.state(id), 1);
      assert.equal(shimsOf(engine, pod.id).length, 1);
      await pod.remove(id);
    }),
  );
  // One that fails must not have the others wait forever.
  await Promise.all(pods.map((pod) => pod.finally(all)));
  await until('their shims end', () => processesNaming(engine.socket).length === 0, 10);
});

test('orphans of a container that shares its pid namespace are reaped', async (engine) => {
  const namespace = ['--with-ns', `pid:/proc/${process.pid}/ns/pid`];
  const id = await engine.running(['sh', '-c', '(sleep 0.1 &); (sleep 0.2 &); exec sleep 1000'], namespace);
  const [shim = 0] = shimsOf(engine, id);
  await until('they have come', () => childrenOf(shim).length >= 1);
  await until('they have gone', () => childrenOf(shim).length === 1, 5);
  await engine.remove(id);
});

test('adopt: a container outlives its shim, and containerd never knows', async (engine) => {
  const script = 'trap "echo caught; exit 6" TERM; while :; do sleep 0.05; done';
  const log = engine.path('adopted.log');
  const id = await engine.running(['sh', '-c', script], ['--log-uri', `file://${log}`]);
  const [shim = 0] = shimsOf(engine, id);
  const [pid = 0] = childrenOf(shim);
  await engine.crash();
  process.kill(shim, 'SIGKILL');
  await until('the shim is gone', () => shimsOf(engine, id).length === 0);
  const bundle = engine.path('state', 'io.containerd.runtime.v2.task', engine.name, id);
  const words = ['-namespace', engine.name, '-address', engine.socket, '-id', id, 'adopt'];
  expectSuccess(
    await runCommand([engine.path('containerd-shim-tsoci-v2'), ...words], { cwd: bundle, env: process.env }),
  );
  const again = await runCommand([engine.path('containerd-shim-tsoci-v2'), ...words], { cwd: bundle });
  assert.match(again.stderr, /a shim serves the containers of .* already/);
  await engine.start();
  assert.equal(await engine.status(id), 'RUNNING');
  assert.ok(existsSync(`/proc/${pid}/root/.`));
  const exec = await engine.ctr(['tasks', 'exec', '--exec-id', 'after', id, 'echo', 'still here']);
  assert.equal(expectSuccess(exec).stdout, 'still here\n');
  expectSuccess(await engine.ctr(['tasks', 'kill', '--signal', 'SIGTERM', id]));
  await engine.reached(id, 'STOPPED');
  assert.match((await engine.ctr(['tasks', 'delete', id])).stderr, /exit code 6/);
  assert.equal(readFileSync(log, 'utf8'), 'caught\n');
  await engine.remove(id);
});

test.run();
