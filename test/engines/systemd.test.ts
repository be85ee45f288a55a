/**
 * Engines on a machine like most: systemd is PID 1, cgroup v2 is all there is, and they have systemd make the
 * cgroups.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { bySystemd } from './support/cgroup-manager.ts';
import { Containerd } from './support/containerd.ts';
import { Docker } from './support/docker.ts';
import { type Closable, type EngineSuite, engineSuite } from './support/engine-suite.ts';
import { withPod } from './support/pod.ts';
import { Podman } from './support/podman.ts';

/** machines.test.ts starts a virtual machine for these, where this machine is not one. */
const needs = bySystemd ? [] : ['/run/systemd/system=a machine with systemd and cgroup v2 alone'];

const mebibyte = 1 << 20;
const loop = 'trap "exit 3" TERM; echo up; while :; do sleep 0.2; done';

/** A file of the one scope that systemd made for a container. */
function read(id: string, file: string): string {
  const [scope, ...others] = cgroupsNamed(id).filter(
    (path) => path.endsWith('.scope') && !/conmon/.test(path),
  );
  assert.ok(scope !== undefined && others.length === 0, `${scope} ${others}`);
  return readFileSync(join(scope, file), 'utf8').trim();
}

/** systemd knows the unit, and the limit as a property of it. */
async function unit(engine: Docker | Podman | Containerd, id: string): Promise<string> {
  const scope = cgroupsNamed(id).find((path) => path.endsWith('.scope') && !/conmon/.test(path)) ?? '';
  const properties = ['--property', 'ActiveState,Delegate,MemoryMax', '--value'];
  const show = await engine.command(['systemctl', 'show', ...properties, scope.split('/').at(-1) ?? '']);
  return expectSuccess(show).stdout.trim().split('\n').sort().join(' ');
}

function run<E extends Closable>(
  suite: EngineSuite<E>,
  title: string,
  body: (engine: E) => Promise<void>,
): void {
  suite(title, body);
  suite.run();
}

run(
  engineSuite('CRI', [...needs, 'containerd', 'ctr=containerd'], () => Containerd.open()),
  'a pod with SystemdCgroup = true: exec, limits and their update, stop',
  (engine) =>
    withPod(engine, 'systemd', async (pod) => {
      const limits = (memory: number) => [[4, memory * mebibyte] as const];
      const id = await pod.start('main', ['sh', '-c', loop], [[1, limits(64)]]);
      assert.equal(read(id, 'memory.max'), String(64 * mebibyte));
      assert.equal(await unit(engine, id), `${64 * mebibyte} active yes`);
      const exec = await pod.cri.call('ExecSync', [
        [1, id],
        [2, 'echo'],
        [2, 'inside'],
        [3, 60],
      ]);
      assert.deepEqual([exec.text(1), exec.number(3)], ['inside\n', 0]);
      await pod.cri.call('UpdateContainerResources', [
        [1, id],
        [2, limits(96)],
      ]);
      assert.equal(read(id, 'memory.max'), String(96 * mebibyte));
      assert.equal(await unit(engine, id), `${96 * mebibyte} active yes`);
      await pod.remove(id);
      assert.deepEqual(cgroupsNamed(id), []);
    }),
);

run(
  engineSuite('Docker', [...needs, 'dockerd=docker.io', 'docker=docker.io', 'containerd'], () =>
    Docker.open(),
  ),
  'run, exec, stats, update, pause and stop, with the driver that Docker chooses',
  async (engine) => {
    assert.equal(
      await engine.ok(['info', '--format', '{{.CgroupDriver}} {{.CgroupVersion}}']),
      'systemd 2\n',
    );
    const limits = ['--memory', '64m', '--memory-swap', '64m', '--cpus', '0.5', '--pids-limit', '50'];
    const name = await engine.running(loop, limits);
    await engine.logged(name, 'up');
    const id = await engine.inspect(name, '{{.Id}}');
    const files = ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max'];
    assert.deepEqual(
      files.map((file) => read(id, file)),
      [String(64 * mebibyte), '0', '50000 100000', '50'],
    );
    assert.equal(await unit(engine, id), `${64 * mebibyte} active yes`);
    assert.equal(await engine.ok(['exec', name, 'cat', '/proc/self/cgroup']), '0::/\n');
    assert.match(await engine.ok(['stats', '--no-stream', '--format', '{{.PIDs}}', name]), /^[12]\n$/);
    await engine.ok(['update', '--memory', '50m', '--memory-swap', '50m', '--cpus', '0.3', name]);
    assert.deepEqual([read(id, 'memory.max'), read(id, 'cpu.max')], [String(50 * mebibyte), '30000 100000']);
    await engine.ok(['pause', name]);
    assert.equal(read(id, 'cgroup.freeze'), '1');
    await engine.ok(['unpause', name]);
    await engine.ok(['stop', name]);
    assert.equal(await engine.inspect(name, '{{.State.ExitCode}}'), '3');
    await engine.remove(name);
    await until('the scope is gone', () => cgroupsNamed(id).length === 0);
  },
);

run(
  engineSuite('Podman', [...needs, 'podman', 'conmon'], () => Podman.open()),
  'run, exec, stats, pause and stop, with the manager that Podman chooses',
  async (engine) => {
    const name = await engine.running(loop, ['--memory', '64m', '--cpus', '0.5', '--pids-limit', '50']);
    await engine.logged(name, 'up');
    const id = await engine.inspect(name, '{{.Id}}');
    const files = ['memory.max', 'cpu.max', 'pids.max'];
    assert.deepEqual(
      files.map((file) => read(id, file)),
      [String(64 * mebibyte), '50000 100000', '50'],
    );
    assert.equal(await unit(engine, id), `${64 * mebibyte} active yes`);
    assert.equal(await engine.ok(['exec', name, 'cat', '/proc/self/cgroup']), '0::/\n');
    assert.match(await engine.ok(['stats', '--no-stream', '--format', '{{.PIDs}}', name]), /^[12]\n$/);
    await engine.ok(['pause', name]);
    assert.equal(read(id, 'cgroup.freeze'), '1');
    await engine.ok(['unpause', name]);
    await engine.ok(['stop', name]);
    assert.equal(await engine.inspect(name, '{{.State.ExitCode}}'), '3');
    await engine.ok(['rm', name]);
    await until('the scope is gone', () => cgroupsNamed(id).length === 0);
  },
);
