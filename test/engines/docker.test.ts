/** Docker: `docker run` and what follows it, with `dockerd --add-runtime`. */
import { strict as assert } from 'node:assert';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../integration/support/runtime.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { Docker, image } from './support/docker.ts';
import { isOurs } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';

/** Containers outlive the daemon. */
const live = ['--live-restore'];

const test = engineSuite('Docker', ['dockerd=docker.io', 'docker=docker.io', 'containerd'], () =>
  Docker.open(live),
);

const refused = (result: CommandResult, code: number, message: RegExp): void => {
  assert.match(result.stderr, message);
  assert.equal(result.code, code, result.stderr);
};

const loop = 'trap "echo got the signal; exit 3" TERM; echo up; while :; do sleep 0.05; done';

test('run: output, status, streams, standard input', async (engine) => {
  const { code, stdout, stderr } = await engine.run(['sh', '-c', 'echo out; echo err >&2; exit 9']);
  assert.deepEqual([code, stdout, stderr], [9, 'out\n', 'err\n']);
  assert.equal(
    (await engine.run(['sh', '-c', 'kill -9 1; sh -c "kill -9 \\$\\$"; echo $?'])).stdout,
    '137\n',
  );
  const echoed = await engine.docker(['run', '--rm', '-i', '--network', 'none', image, 'cat'], {
    input: 'from outside\n',
  });
  assert.equal(expectSuccess(echoed).stdout, 'from outside\n');
});

test('run: 127 and the usual words for a missing command, 126 for what may not be run', async (engine) => {
  refused(await engine.run(['missing']), 127, /exec: "missing": executable file not found in \$PATH/);
  refused(await engine.run(['/missing']), 127, /exec: "\/missing".*no such file or directory/);
  refused(await engine.run(['/etc/not-executable']), 126, /exec: "\/etc\/not-executable": permission denied/);
  const interpreter = await engine.run(['/bin/no-interpreter']);
  assert.match(interpreter.stderr, /\/bin\/no-interpreter.*no such file or directory/);
  // Others find out too late to refuse the start, and the container ends with 1.
  if (isOurs) assert.equal(interpreter.code, 127);
});

test('run: a mount that cannot be made names the mount', async (engine) => {
  const file = engine.path('file');
  writeFileSync(file, 'text\n');
  const result = await engine.run(['true'], ['--volume', `${file}:/etc`]);
  refused(result, 125, /\/etc.*not a directory.*Are you trying to mount a directory onto a file/);
  if (isOurs) assert.match(result.stderr, /mounts\[\d+\] \(\/etc\)/);
});

test('run -it: a terminal of the right size whose lines begin at the left', async (engine) => {
  const { code, output } = await engine.terminal(
    ['sh'],
    [{ expect: '# ', type: 'tty; sleep 0.5; stty size; exit 5\n' }],
  );
  assert.match(output, /\/dev\/pts\/0\r\n30 100\r\n/);
  assert.equal(code, 5);
});

test('exec: output, status, user, directory, environment, input, a terminal; what is missing', async (engine) => {
  const name = await engine.running(loop);
  const exec = (args: readonly string[], options: readonly string[] = []) =>
    engine.docker(['exec', ...options, name, ...args]);
  const who = ['--user', 'user', '--workdir', '/tmp', '--env', 'COLOUR=red'];
  const result = await exec(['sh', '-c', 'id -u; pwd; echo $COLOUR; exit 5'], who);
  assert.deepEqual([result.code, result.stdout], [5, '1000\n/tmp\nred\n']);
  const echoed = await engine.docker(['exec', '--interactive', name, 'cat'], { input: 'in\n' });
  assert.equal(expectSuccess(echoed).stdout, 'in\n');
  const missing = await exec(['missing']);
  assert.match(missing.stdout + missing.stderr, /exec: "missing": executable file not found in \$PATH/);
  assert.equal(missing.code, 126);
  const terminal = await engine.terminalExec(
    name,
    ['sh'],
    [{ expect: '# ', type: 'sleep 0.5; stty size; exit 6\n' }],
  );
  assert.match(terminal.output, /\r\n30 100\r\n/);
  assert.equal(terminal.code, 6);
  await engine.remove(name);
});

test('logs, stop, start, restart, kill, wait', async (engine) => {
  const name = await engine.running(loop);
  await engine.logged(name, 'up');
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), 'exited 3');
  assert.equal(await engine.ok(['logs', name]), 'up\ngot the signal\n');
  await engine.ok(['start', name]);
  await engine.reached(name, '{{.State.Status}}', 'running');
  await engine.ok(['restart', '--time', '5', name]);
  await engine.ok(['kill', '--signal', 'KILL', name]);
  assert.equal((await engine.ok(['wait', name])).trim(), '137');
  refused(await engine.docker(['exec', name, 'true']), 1, /is not running/);
  await engine.remove(name);
});

test('restart policy: as often as was asked for', async (engine) => {
  const name = await engine.running('exit 3', ['--restart', 'on-failure:2']);
  await engine.reached(name, '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}', '2 exited 3');
  await engine.remove(name);
});

test('limits: memory, processors, processes, and their update while it runs', async (engine) => {
  const read =
    'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus';
  const limits = [
    '--memory',
    '64m',
    '--memory-swap',
    '64m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '17',
    '--cpuset-cpus',
    '1',
  ];
  assert.equal(await engine.output(read, limits), '67108864\n50000\n17\n1\n');
  assert.equal(await engine.output('cat /sys/fs/cgroup/cpu/cpu.shares', ['--cpu-shares', '300']), '300\n');
  const name = await engine.running(loop);
  await engine.ok([
    'update',
    '--memory',
    '50m',
    '--memory-swap',
    '50m',
    '--cpus',
    '0.3',
    '--pids-limit',
    '40',
    '--cpuset-cpus',
    '0',
    name,
  ]);
  assert.equal(await engine.ok(['exec', name, 'sh', '-c', read]), '52428800\n30000\n40\n0\n');
  await engine.remove(name);
});

test('a fork bomb ends at --pids-limit, and what takes too much memory is killed and told', async (engine) => {
  const forks = await engine.run(
    ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 2 & done'],
    ['--pids-limit', '5'],
  );
  assert.match(forks.stderr, /can't fork/);
  const script = 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?; exit 8';
  const name = await engine.running(script, ['--memory', '20m', '--memory-swap', '20m']);
  await engine.reached(name, '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}', 'true 8 exited');
  await engine.remove(name);
});

test('capabilities, seccomp, no-new-privileges', async (engine) => {
  const sets = (options: readonly string[]) => engine.output('grep Cap /proc/self/status', options);
  const none = '0000000000000000';
  assert.equal(
    await sets(['--cap-drop', 'ALL']),
    ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}:\t${none}\n`).join(''),
  );
  assert.match(await sets(['--cap-drop', 'NET_RAW', '--cap-add', 'SYS_TIME']), /CapEff:\t00000000aa0405fb/);
  const status = (options: readonly string[]) =>
    engine.output('grep -E "^(NoNew|Seccomp:)" /proc/self/status', options);
  assert.equal(await status([]), 'NoNewPrivs:\t0\nSeccomp:\t2\n');
  assert.equal(await status(['--security-opt', 'seccomp=unconfined']), 'NoNewPrivs:\t0\nSeccomp:\t0\n');
  assert.equal(await status(['--security-opt', 'no-new-privileges']), 'NoNewPrivs:\t1\nSeccomp:\t2\n');
  refused(await engine.run(['unshare', '-U', 'true']), 1, /Operation not permitted/);
  const profile = engine.path('profile.json');
  const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 };
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
  const made = await engine.run(['mkdir', '/tmp/x'], ['--security-opt', `seccomp=${profile}`]);
  refused(made, 1, /No space left on device/);
});

test('read-only root, tmpfs, user, groups, init, directory, host name, ulimit, sysctl, shm', async (engine) => {
  refused(await engine.run(['touch', '/x'], ['--read-only']), 1, /Read-only file system/);
  assert.match(
    await engine.output('touch /t/x && df /t', ['--read-only', '--tmpfs', '/t:size=1m']),
    /tmpfs +1024 /,
  );
  assert.equal(await engine.output('id -u; id -g', ['--user', 'user']), '1000\n1000\n');
  assert.match(
    await engine.output('id', ['--user', '12:34', '--group-add', '99']),
    /^uid=12 gid=34 groups=34,99$/m,
  );
  assert.match(await engine.output('ps', ['--init']), /^ +1 root +\/sbin\/docker-init/m);
  assert.equal(await engine.output('pwd', ['--workdir', '/var/made/for/it']), '/var/made/for/it\n');
  assert.equal(await engine.output('hostname', ['--hostname', 'somebody']), 'somebody\n');
  assert.equal(await engine.output('ulimit -Sn; ulimit -Hn', ['--ulimit', 'nofile=123:456']), '123\n456\n');
  assert.equal(
    await engine.output('cat /proc/sys/kernel/msgmax', ['--sysctl', 'kernel.msgmax=9000']),
    '9000\n',
  );
  assert.match(await engine.output('df /dev/shm', ['--shm-size', '7m']), / 7168 /);
  assert.match(await engine.output('stat -c %t:%T /dev/fuse', ['--device', '/dev/fuse']), /a:e5/);
});

test('volumes: named, bound, read-only, one file', async (engine) => {
  const directory = engine.path('shared');
  mkdirSync(directory);
  await engine.output('echo kept > /v/file', ['--volume', 'first:/v']);
  const readOnly = await engine.run(['sh', '-c', 'cat /v/file; touch /v/x'], ['--volume', 'first:/v:ro']);
  assert.equal(readOnly.stdout, 'kept\n');
  refused(readOnly, 1, /Read-only file system/);
  await engine.output('echo written > /b/file', ['--volume', `${directory}:/b`]);
  assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'written\n');
  assert.equal(await engine.output('cat /one', ['--volume', `${directory}/file:/one:ro`]), 'written\n');
  await engine.ok(['volume', 'rm', 'first']);
});

test('healthcheck: unhealthy, then healthy', async (engine) => {
  const check = ['--health-cmd', 'test -e /tmp/ok', '--health-interval', '300ms', '--health-retries', '1'];
  const name = await engine.running('sleep 1000', check);
  await engine.reached(name, '{{.State.Health.Status}}', 'unhealthy');
  await engine.ok(['exec', name, 'touch', '/tmp/ok']);
  await engine.reached(name, '{{.State.Health.Status}}', 'healthy');
  await engine.remove(name);
});

test('stats, top, pause, unpause, cp, diff, commit', async (engine) => {
  const name = await engine.running(loop);
  await engine.logged(name, 'up');
  assert.match(await engine.ok(['top', name]), /sh -c trap/);
  const format = ['--format', '{{.PIDs}} {{.MemUsage}}'];
  assert.match(await engine.ok(['stats', '--no-stream', ...format, name]), /^[12] [1-9]\S+ \/ /);
  await engine.ok(['pause', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}}'), 'paused');
  refused(await engine.docker(['exec', name, 'true']), 1, /is paused/);
  await engine.ok(['unpause', name]);
  await engine.ok(['exec', name, 'touch', '/made']);
  assert.match(await engine.ok(['diff', name]), /^A \/made$/m);
  await engine.ok(['cp', `${name}:/etc/passwd`, engine.path('copied')]);
  assert.match(readFileSync(engine.path('copied'), 'utf8'), /^root:/);
  await engine.ok(['commit', '--change', 'CMD ["ls","/made"]', name, 'committed']);
  await engine.remove(name);
  assert.match(await engine.ok(['run', '--rm', '--network', 'none', 'committed']), /\/made/);
});

test("namespaces: another container's, the host's, a private cgroup namespace", async (engine) => {
  const name = await engine.running('sleep 1234', ['--ipc', 'shareable']);
  const of = (kind: string) => [`--${kind}`, `container:${name}`];
  assert.match(await engine.output('ps', [...of('pid'), ...of('ipc')]), /sleep 1234/);
  await engine.remove(name);
  const own = readFileSync('/proc/self/comm', 'utf8').trim();
  assert.match(
    await engine.output('cat /proc/[0-9]*/comm 2>/dev/null; true', ['--pid', 'host']),
    new RegExp(`^${own}$`, 'm'),
  );
  assert.match(await engine.output('cat /proc/self/cgroup', ['--cgroupns', 'private']), /:memory:\/\n/);
});

test('--privileged: everything that the daemon itself has', async (engine) => {
  const result = await engine.run(['grep', 'CapEff', '/proc/self/status'], ['--privileged']);
  // Where the daemon lacks a capability others refuse to start; the specification wants a warning (config.md,
  // Process).
  if (!isOurs) return;
  const set = (text: string) => BigInt(`0x${/CapEff:\t(\w+)/.exec(text)?.[1]}`);
  // A daemon of this age knows the first 38.
  const known = (1n << 38n) - 1n;
  assert.equal(set(expectSuccess(result).stdout), set(readFileSync('/proc/self/status', 'utf8')) & known);
});

test('build: RUN steps', async (engine) => {
  const context = engine.path('context');
  mkdirSync(context);
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM ${image}\nWORKDIR /made\nRUN id -u > who\nUSER user\nRUN id -u > /tmp/who\nCMD cat /made/who /tmp/who\n`,
  );
  const options = ['--network', 'none', '--tag', 'built', context];
  await engine.ok(['build', ...options]);
  assert.match(await engine.ok(['run', '--rm', '--network', 'none', 'built']), /^0\n1000\n$/);
});

test('the daemon crashes and comes back: the container ran on, and obeys', async (engine) => {
  const name = await engine.running(loop);
  const pid = await engine.inspect(name, '{{.State.Pid}}');
  await engine.crash();
  await engine.start(live);
  assert.equal(await engine.inspect(name, '{{.State.Status}} {{.State.Pid}}'), `running ${pid}`);
  await engine.ok(['exec', name, 'true']);
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.ExitCode}}'), '3');
  await engine.remove(name);
});

test.run();
