/**
 * containerd and Docker, started for real and asked for the least: part of every `make test`. The long answer is
 * test/engines.
 */
import { strict as assert } from 'node:assert';
import { Containerd } from '../engines/support/containerd.ts';
import { Docker } from '../engines/support/docker.ts';
import { engineSuite } from '../engines/support/engine-suite.ts';
import { expectRefusal, expectSuccess } from '../integration/support/sandbox.ts';

const packages = ['containerd', 'ctr=containerd'];
const containerd = engineSuite('containerd', packages, () => Containerd.open());

containerd('run: output, status, a missing command', async (engine) => {
  const { code, stdout } = await engine.run(['sh', '-c', 'echo hello; exit 7']);
  assert.deepEqual([code, stdout], [7, 'hello\n']);
  expectRefusal(await engine.run(['missing']), /exec: "missing": executable file not found in \$PATH/);
});

containerd('a task: run detached, exec, metrics, pause, kill, delete', async (engine) => {
  const id = await engine.running(['sleep', '1000'], ['--memory-limit', String(64 << 20)]);
  // ctr may lose the output of a process that ends before the runtime's call does.
  const script = ['sh', '-c', 'sleep 0.2; echo inside; exit 4'];
  const exec = await engine.ctr(['tasks', 'exec', '--exec-id', 'one', id, ...script]);
  assert.deepEqual([exec.code, exec.stdout], [4, 'inside\n']);
  expectSuccess(await engine.ctr(['tasks', 'metrics', id]));
  expectSuccess(await engine.ctr(['tasks', 'pause', id]));
  await engine.reached(id, 'PAUSED');
  expectSuccess(await engine.ctr(['tasks', 'resume', id]));
  expectSuccess(await engine.ctr(['tasks', 'kill', '--signal', 'SIGKILL', id]));
  await engine.reached(id, 'STOPPED');
  assert.match((await engine.ctr(['tasks', 'delete', id])).stderr, /exit code 137/);
  await engine.remove(id);
});

containerd("the same with our own shim in place of containerd's", async (engine) => {
  engine.ourShim = true;
  const { code, stdout } = await engine.run(['sh', '-c', 'echo hello; exit 7']);
  assert.deepEqual([code, stdout], [7, 'hello\n']);
  expectRefusal(await engine.run(['missing']), /exec: "missing": executable file not found in \$PATH/);
  const id = await engine.running(['sleep', '1000']);
  const exec = await engine.ctr(['tasks', 'exec', '--exec-id', 'one', id, 'sh', '-c', 'echo inside; exit 4']);
  assert.deepEqual([exec.code, exec.stdout], [4, 'inside\n']);
  expectSuccess(await engine.ctr(['tasks', 'kill', '--signal', 'SIGKILL', id]));
  await engine.reached(id, 'STOPPED');
  await engine.remove(id);
  engine.ourShim = false;
});

containerd.run();

const docker = engineSuite('Docker', ['dockerd=docker.io', 'docker=docker.io', 'containerd'], () =>
  Docker.open(),
);

docker('run: output, status, a missing command, a terminal', async (engine) => {
  const { code, stdout, stderr } = await engine.run(['sh', '-c', 'echo out; echo err >&2; exit 9']);
  assert.deepEqual([code, stdout, stderr], [9, 'out\n', 'err\n']);
  const missing = await engine.run(['missing']);
  assert.match(missing.stderr, /exec: "missing": executable file not found in \$PATH/);
  assert.equal(missing.code, 127);
  const session = await engine.terminal(['sh'], [{ expect: '# ', type: 'tty; exit 5\n' }]);
  assert.match(session.output, /\/dev\/pts\/0\r\n/);
  assert.equal(session.code, 5);
});

docker('a container: limits, exec, logs, pause, stop', async (engine) => {
  const loop = 'trap "exit 3" TERM; echo up; while :; do sleep 0.05; done';
  const name = await engine.running(loop, ['--memory', '64m', '--pids-limit', '50']);
  await engine.logged(name, 'up');
  assert.equal(await engine.ok(['exec', '--user', 'user', name, 'id', '-u']), '1000\n');
  await engine.ok(['pause', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}}'), 'paused');
  await engine.ok(['unpause', name]);
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), 'exited 3');
  await engine.remove(name);
});

docker.run();
