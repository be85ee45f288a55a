/** containerd with its runc shim, driven by ctr. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { runCommand } from '../integration/support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { engineRuntime } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { GrpcClient } from './support/grpc.ts';
import { processesNaming } from './support/laboratory.ts';
import { atTerminal } from './support/terminal.ts';

const test = engineSuite('containerd', ['containerd', 'ctr=containerd'], () => Containerd.open());

/** What the runtime itself knows of. */
const known = async (engine: Containerd): Promise<string> =>
  expectSuccess(await engine.command([engineRuntime, '--root', engine.runtimeRoot, 'list', '--quiet']))
    .stdout;

const forever = ['sh', '-c', 'sleep 1000 & wait'];

test('run: output and exit status come back, and the container is removed', async (engine) => {
  const hello = expectSuccess(await engine.run(['echo', 'hello']));
  assert.equal(hello.stdout, 'hello\n');
  assert.equal((await engine.run(['sh', '-c', 'exit 7'])).code, 7);
  const killed = await engine.run(['sh', '-c', 'sh -c "kill -9 \\$\\$"; echo $?']);
  assert.equal(killed.stdout, '137\n');
  const { stdout } = expectSuccess(await engine.ctr(['containers', 'list', '--quiet']));
  assert.equal(stdout, '');
});

test('run: a command that is missing or no program, and a mount that cannot be, are told in words', async (engine) => {
  expectRefusal(await engine.run(['/missing']), /exec: "\/missing".*no such file or directory/);
  expectRefusal(await engine.run(['missing']), /exec: "missing": executable file not found in \$PATH/);
  expectRefusal(
    await engine.run(['/etc/not-executable']),
    /exec: "\/etc\/not-executable": permission denied/,
  );
  const mount = ['--mount', 'type=bind,src=/tsoci/not/there,dst=/data,options=rbind'];
  expectRefusal(await engine.run(['true'], mount), /\/tsoci\/not\/there.*no such file or directory/);
  assert.equal(await known(engine), '');
});

test('run: a terminal has the size of the one it was started from, and hands on the status', async (engine) => {
  const argv = ['ctr', '--address', engine.socket, '--namespace', engine.name];
  const id = engine.id();
  const session = await atTerminal(
    [...argv, ...engine.runArguments(id, ['--rm', '--tty'], ['sh'])],
    [{ expect: '# ', type: 'tty; sleep 0.5; stty size; exit 5\n' }],
  );
  assert.match(session.output, /\/dev\/pts\/0\s+30 100\s/);
  assert.equal(session.code, 5);
});

test('run --detach, ps, kill: the task runs, tells its processes, and ends by the signal', async (engine) => {
  const id = await engine.running(forever);
  assert.equal(await engine.status(id), 'RUNNING');
  const { stdout } = expectSuccess(await engine.ctr(['tasks', 'ps', id]));
  const pids = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number.parseInt(line, 10));
  assert.ok(pids.length >= 1, stdout);
  for (const pid of pids)
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`/${engine.name}/${id}`));
  expectSuccess(await engine.ctr(['tasks', 'kill', '--signal', 'SIGKILL', id]));
  await engine.reached(id, 'STOPPED');
  assert.match((await engine.ctr(['tasks', 'delete', id])).stderr, /exit code 137/);
  await engine.remove(id);
  assert.deepEqual(
    cgroupsNamed(engine.name).filter((path) => existsSync(`${path}/${id}`)),
    [],
  );
});

test('exec: streams, status, a terminal, a missing command; many in a row, as probes do', async (engine) => {
  const id = await engine.running(forever);
  const exec = (name: string, args: readonly string[], options: readonly string[] = []) =>
    engine.ctr(['tasks', 'exec', '--exec-id', name, ...options, id, ...args]);
  // ctr now and then loses the output of a process that ends before the runtime's call does, whatever the runtime.
  const late = (script: string) => ['sh', '-c', `sleep 0.2; ${script}`];
  const result = await exec('status', late('echo out; echo err >&2; exit 4'));
  assert.deepEqual([result.code, result.stdout, /err/.test(result.stderr)], [4, 'out\n', true]);
  assert.equal((await exec('user', late('id -u'), ['--user', '1000'])).stdout, '1000\n');
  assert.equal((await exec('cwd', late('pwd'), ['--cwd', '/tmp'])).stdout, '/tmp\n');
  expectRefusal(await exec('missing', ['missing']), /executable file not found in \$PATH/);
  const argv = ['ctr', '--address', engine.socket, '--namespace', engine.name, 'tasks', 'exec'];
  const session = await atTerminal(
    [...argv, '--exec-id', 'terminal', '--tty', id, 'sh'],
    [{ expect: '# ', type: 'tty; exit 6\n' }],
  );
  assert.match(session.output, /\/dev\/pts\/\d/);
  assert.equal(session.code, 6);
  for (let probe = 0; probe < 30; probe++) expectSuccess(await exec(`probe-${probe}`, ['true']));
  await engine.remove(id);
});

test('pause, resume: the task stands still and goes on', async (engine) => {
  const id = await engine.running(forever);
  expectSuccess(await engine.ctr(['tasks', 'pause', id]));
  await engine.reached(id, 'PAUSED');
  expectSuccess(await engine.ctr(['tasks', 'resume', id]));
  await engine.reached(id, 'RUNNING');
  expectSuccess(await engine.ctr(['tasks', 'exec', '--exec-id', 'after', id, 'true']));
  await engine.remove(id);
});

test('metrics: memory, processor time and number of processes; limits are what was asked for', async (engine) => {
  const limits = ['--memory-limit', String(64 << 20), '--cpus', '0.5'];
  const id = await engine.running(forever, limits);
  const { stdout } = expectSuccess(await engine.ctr(['tasks', 'metrics', '--format', 'json', id]));
  const metrics = JSON.parse(stdout);
  assert.equal(metrics.memory.usage.limit, 64 << 20);
  assert.ok(metrics.memory.usage.usage > 0 && metrics.cpu.usage.total > 0 && metrics.pids.current >= 1);
  const [cpu] = cgroupsNamed(id).filter((path) => /\/cpu(,|\/)/.test(path));
  assert.equal(readFileSync(`${cpu}/cpu.cfs_quota_us`, 'utf8'), '50000\n');
  await engine.remove(id);
});

// ctr has no `update`: this is the call of containerd's own clients, nerdctl and the CRI plugin among them.
test('update: limits of a running task, by the Tasks service', async (engine) => {
  const id = await engine.running(forever, ['--memory-limit', String(64 << 20)]);
  const tasks = new GrpcClient(engine.socket, 'containerd.services.tasks.v1.Tasks', {
    'containerd-namespace': engine.name,
  });
  const update = (resources: object) =>
    tasks.call('Update', [
      [1, id],
      [
        2,
        [
          [1, 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources'],
          [2, JSON.stringify(resources)],
        ],
      ],
    ]);
  const read = (controller: RegExp, file: string) =>
    readFileSync(`${cgroupsNamed(id).find((path) => controller.test(path))}/${file}`, 'utf8').trim();
  try {
    await update({
      memory: { limit: 96 << 20 },
      pids: { limit: 33 },
      cpu: { quota: 20_000, period: 100_000 },
    });
    assert.equal(read(/\/memory\//, 'memory.limit_in_bytes'), String(96 << 20));
    assert.equal(read(/\/pids\//, 'pids.max'), '33');
    assert.equal(read(/\/cpu(,|\/)/, 'cpu.cfs_quota_us'), '20000');
    await assert.rejects(update({ pids: { limit: 44 }, cpu: { cpus: '4000' } }), /cpuset\.cpus/);
    assert.equal(read(/\/pids\//, 'pids.max'), '33');
  } finally {
    tasks.close();
    await engine.remove(id);
  }
});

test('an out-of-memory kill is an event', async (engine) => {
  const events = spawn('ctr', ['--address', engine.socket, '--namespace', engine.name, 'events']);
  let seen = '';
  events.stdout.on('data', (chunk) => (seen += chunk));
  try {
    const script = 'sleep 0.3; dd if=/dev/zero of=/dev/null bs=64M count=1; exit 8';
    const id = await engine.running(['sh', '-c', script], ['--memory-limit', String(16 << 20)]);
    await until('the event', () => /\/tasks\/oom/.test(seen));
    await engine.reached(id, 'STOPPED');
    await engine.remove(id);
    for (const topic of ['create', 'start', 'exit', 'delete'])
      assert.match(seen, new RegExp(`/tasks/${topic} `));
  } finally {
    events.kill();
  }
});

test('logs: a log file has both streams', async (engine) => {
  const log = engine.path('box.log');
  const options = ['--log-uri', `file://${log}`];
  const id = await engine.running(['sh', '-c', 'echo to out; echo to err >&2'], options);
  await engine.reached(id, 'STOPPED');
  // The shim tells of the end before it has written what came last.
  const lines = () => readFileSync(log, 'utf8').trim().split('\n').sort();
  await until('both streams are in the log', () => lines().length === 2);
  assert.deepEqual(lines(), ['to err', 'to out']);
  await engine.remove(id);
});

// No user namespace here: this ctr forgets --runc-binary when --uidmap is given, and calls runc. Docker and Podman
// test it.
test('read-only root, seccomp, capabilities, devices, joined namespaces', async (engine) => {
  const readOnly = await engine.run(['touch', '/file'], ['--read-only']);
  assert.match(readOnly.stderr, /Read-only file system/);
  const status = expectSuccess(await engine.run(['cat', '/proc/self/status'], ['--seccomp'])).stdout;
  assert.match(status, /Seccomp:\t2\n/);
  assert.match(status, /NoNewPrivs:\t1\n/);
  const capabilities = ['--cap-drop', 'CAP_NET_RAW', '--cap-add', 'CAP_SYS_TIME'];
  const sets = expectSuccess(await engine.run(['grep', 'CapEff', '/proc/self/status'], capabilities)).stdout;
  assert.equal(Number.parseInt(sets.split('\t')[1] as string, 16) & 0x200_2000, 0x200_0000);
  const device = await engine.run(['stat', '-c', '%t:%T', '/dev/fuse'], ['--device', '/dev/fuse']);
  assert.equal(device.stdout, 'a:e5\n');
  const joined = ['--with-ns', `uts:/proc/${process.pid}/ns/uts`];
  const hostname = readFileSync('/proc/sys/kernel/hostname', 'utf8');
  assert.equal(expectSuccess(await engine.run(['hostname'], joined)).stdout, hostname);
});

test('100 containers, all at once', async (engine) => {
  const number = 100;
  const ids = await Promise.all(Array.from({ length: number }, () => engine.running(forever)));
  const { stdout } = expectSuccess(await engine.ctr(['tasks', 'list']));
  assert.equal(stdout.match(/RUNNING/g)?.length, number);
  await Promise.all(ids.map((id) => engine.remove(id)));
  assert.equal(expectSuccess(await engine.ctr(['tasks', 'list', '--quiet'])).stdout, '');
  assert.equal(await known(engine), '');
});

test('a shim and a daemon that crash leave containers that delete --force removes', async (engine) => {
  const id = await engine.running(forever);
  // The daemon first: it would remove at once what a shim leaves.
  await engine.crash();
  for (const pid of processesNaming(`-id ${id}`).concat(processesNaming(`-id\0${id}`)))
    process.kill(pid, 'SIGKILL');
  const root = ['--root', engine.runtimeRoot];
  const state = JSON.parse(expectSuccess(await runCommand([engineRuntime, ...root, 'state', id])).stdout);
  assert.equal(state.status, 'running');
  expectSuccess(await runCommand([engineRuntime, ...root, 'delete', '--force', id]));
  assert.deepEqual(cgroupsNamed(id), []);
  // Whoever adopted init may not have collected it yet.
  assert.ok(!existsSync(`/proc/${state.pid}`) || procStatus(state.pid)['State']?.startsWith('Z'));
  await engine.start();
  await until('containerd notices', async () => (await engine.status(id)) !== 'RUNNING');
  await engine.remove(id);
});

test.run();
