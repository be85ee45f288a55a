/**
 * Engines on a machine like most: systemd is PID 1, cgroup v2 is all there is, and they have systemd make the
 * cgroups.
 */
import { strict as assert } from 'node:assert';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { Docker } from './support/docker.ts';
import { type Closable, type EngineSuite, engineSuite } from './support/engine-suite.ts';
import { Podman } from './support/podman.ts';
import { loop, needs, podBySystemd, read, unit } from './support/systemd.ts';

const mebibyte = 1 << 20;
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
  podBySystemd,
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
