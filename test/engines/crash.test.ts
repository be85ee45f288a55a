/**
 * Engines that die with everything that watches over containers, in the middle of starting some: `delete --force`
 * removes what is left.
 */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed, mountsNaming } from '../integration/support/leftovers.ts';
import { commandLineOf, endProcess } from '../integration/support/processes.ts';
import { runCommand } from '../integration/support/runtime.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { Docker, image as imageOfDocker } from './support/docker.ts';
import { engineRuntime } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { type Laboratory, processesNaming } from './support/laboratory.ts';
import { Podman } from './support/podman.ts';

/** How many containers are being started when the engine dies. */
const several = 6;

/**
 * Kills the shims of an engine, and its containerd: until none is found, for one that is killed may have begun
 * another, and ten times, for one that is in the middle of execve(2) has no command line to be known by.
 */
async function killWatchers(engine: Laboratory): Promise<void> {
  let quiet = 0;
  await until('no shim is left', () => {
    const watchers = processesNaming(engine.directory).filter((pid) =>
      /containerd/.test(commandLineOf(pid).split('\0')[0] ?? ''),
    );
    for (const pid of watchers) endProcess(pid);
    quiet = watchers.length === 0 ? quiet + 1 : 0;
    return quiet === 10;
  });
}

/** Calls of the runtime that outlived who called them come to their end by themselves. */
const noCallsOf = (engine: Laboratory) =>
  until('calls of the runtime have ended', () =>
    processesNaming(engine.directory).every((pid) => !commandLineOf(pid).startsWith(`${engineRuntime}\0`)),
  );

const runtime = (root: string, ...args: readonly string[]) =>
  runCommand([engineRuntime, '--root', root, ...args]);

async function listed(root: string): Promise<string[]> {
  const { stdout } = expectSuccess(await runtime(root, 'list', '--quiet'));
  return stdout.split('\n').filter(Boolean);
}

/** `delete --force` of everything that is in a root of the runtime; gives the ids. */
async function deleteAll(root: string): Promise<string[]> {
  const ids = await listed(root);
  for (const id of ids) expectSuccess(await runtime(root, 'delete', '--force', id));
  assert.deepEqual(await listed(root), []);
  const names = readdirSync(root);
  assert.ok(!ids.some((id) => names.includes(id)), `${names}`);
  for (const id of ids) assert.deepEqual(cgroupsNamed(id), []);
  return ids;
}

const containerd = engineSuite('containerd', ['containerd', 'ctr=containerd'], () => Containerd.open());

containerd('containerd and its shims die while containers start', async (engine) => {
  const root = engine.path('runtime', engine.name);
  await engine.remove(await engine.running(['true']));
  const ids = Array.from({ length: several }, () => engine.id());
  const starts = ids.map((id) => engine.ctr(engine.runArguments(id, ['--detach'], ['sleep', '1000'])));
  await until('the first is there', async () => (await listed(root)).length > 0);
  await engine.crash();
  await killWatchers(engine);
  await Promise.all(starts);
  await noCallsOf(engine);
  const found = await deleteAll(root);
  assert.ok(found.length > 0 && found.every((id) => ids.includes(id)), found.join(' '));
  await engine.start();
  const { stdout } = expectSuccess(await engine.ctr(['containers', 'list', '--quiet']));
  for (const id of stdout.split('\n').filter(Boolean)) await engine.remove(id);
  assert.equal(expectSuccess(await engine.run(['echo', 'works again'])).stdout, 'works again\n');
});

containerd.run();

const docker = engineSuite('Docker', ['dockerd=docker.io', 'docker=docker.io', 'containerd'], () =>
  Docker.open(),
);

docker('dockerd, containerd and the shims die while containers start', async (engine) => {
  await engine.ok(['run', '--rm', '--network', 'none', imageOfDocker, 'true']);
  const root = join(engine.path('exec'), 'runtime-runc', 'moby');
  assert.ok(existsSync(root), `${readdirSync(engine.path('exec'))}`);
  const starts = Array.from({ length: several }, () =>
    engine.docker(['run', '--detach', '--network', 'none', imageOfDocker, 'sleep', '1000']),
  );
  await until('the first is there', async () => (await listed(root)).length > 0);
  await engine.crash();
  await killWatchers(engine);
  await Promise.all(starts);
  await noCallsOf(engine);
  assert.ok((await deleteAll(root)).length > 0);
  await engine.start();
  const left = (await engine.ok(['ps', '--all', '--quiet'])).split('\n').filter(Boolean);
  await engine.remove(...left);
  assert.equal(await engine.output('echo works again'), 'works again\n');
  assert.deepEqual(mountsNaming(`${engine.path('exec')}/containerd`), []);
});

docker.run();

const podman = engineSuite('Podman', ['podman', 'conmon'], () => Podman.open());

podman('conmon dies: the container is removed by the runtime, then by Podman', async (engine) => {
  const name = await engine.running('echo up; exec sleep 1000');
  await engine.logged(name, 'up');
  const [id, pid, monitor] = (
    await engine.inspect(name, '{{.Id}} {{.State.Pid}} {{.State.ConmonPid}}')
  ).split(' ');
  assert.ok(id !== undefined && monitor !== undefined);
  process.kill(Number(monitor), 'SIGKILL');
  const state = JSON.parse(expectSuccess(await runCommand([engineRuntime, 'state', id])).stdout);
  assert.deepEqual([state.status, String(state.pid)], ['running', pid]);
  expectSuccess(await runCommand([engineRuntime, 'delete', '--force', id]));
  assert.match((await runCommand([engineRuntime, 'state', id])).stderr, /does not exist/);
  assert.deepEqual(
    cgroupsNamed(id).filter((path) => !/conmon/.test(path)),
    [],
  );
  // Podman waits for what conmon would have written.
  writeFileSync(engine.path('libpod/exits', id), '137');
  await engine.ok(['rm', '--force', name]);
  assert.equal(await engine.output('echo works again'), 'works again\n');
});

podman.run();
