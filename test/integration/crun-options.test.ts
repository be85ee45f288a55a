/**
 * Options that callers of crun know: --cgroup-manager, --config, --file, --regex, --log to journald and syslog,
 * --log-level.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`options of crun (${runtimeKind})`);

const cgroupsOf = (pid: number | string): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');

async function running(sandbox: Sandbox, id: string, ...globals: string[]): Promise<number> {
  const { directory } = sandbox.bundle(['sleep', '60'], (config) => {
    if (config.linux) config.linux.cgroupsPath = `/${id}`;
  });
  expectSuccess(await sandbox.tsoci([...globals, 'run', '--detach', '--bundle', directory, id]));
  return (await sandbox.state(id)).pid;
}

test('--cgroup-manager=disabled: the container stays in the cgroup of its creator, and nothing is made', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const pid = await running(sandbox, id, '--cgroup-manager=disabled');
    assert.equal(cgroupsOf(pid), cgroupsOf('self'));
    for (const directory of ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/unified'])
      assert.ok(!existsSync(join(directory, id)), directory);
    expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
    expectRefusal(await sandbox.tsoci(['update', '--memory', '64M', id]), /no cgroup/);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    // Whoever is its parent now reaps it when it likes.
    assert.ok(!existsSync(`/proc/${pid}`) || procStatus(pid)['State']?.startsWith('Z'));
  }));

test('limits that then cannot hold are told of; with cgroupfs it has its own', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], (config) => {
      if (config.linux) config.linux.resources = { ...config.linux.resources, pids: { limit: 10 } };
    });
    const run = ['run', '--bundle', directory];
    const { stderr, code } = await sandbox.tsoci([
      '--cgroup-manager',
      'disabled',
      '--log-level',
      'debug',
      ...run,
      sandbox.id(),
    ]);
    assert.equal(code, 0);
    assert.match(stderr, /without effect: linux\.resources\.pids/);
    const id = sandbox.id();
    assert.notEqual(cgroupsOf(await running(sandbox, id, '--cgroup-manager=cgroupfs')), cgroupsOf('self'));
  }));

test('create --config takes another file; spec --file writes one, or to standard output', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['echo', 'elsewhere']);
    const file = join(sandbox.directory(), 'other.json');
    renameSync(join(directory, 'config.json'), file);
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['run', '--bundle', directory, '--config', file, sandbox.id()]),
    );
    assert.equal(stdout, 'elsewhere\n');
    expectSuccess(await sandbox.tsoci(['plan', '--bundle', directory, '--config', file]));
    const missing = await sandbox.tsoci([
      'run',
      '--bundle',
      directory,
      '--config',
      `${file}.not`,
      sandbox.id(),
    ]);
    expectRefusal(missing, /the config ".*other\.json\.not" does not exist/);
    const written = join(directory, 'written.json');
    expectSuccess(await sandbox.tsoci(['spec', '--file', written]));
    const printed = expectSuccess(await sandbox.tsoci(['spec', '--file', '-'])).stdout;
    assert.equal(readFileSync(written, 'utf8'), printed);
    assert.equal(JSON.parse(printed).root.path, 'rootfs');
    expectRefusal(await sandbox.tsoci(['spec', '--file', written]), /exists already/);
  }));

test('kill and delete --regex: those that match and no others', () =>
  withSandbox(async (sandbox) => {
    const [one, two, other] = [sandbox.id(), sandbox.id(), sandbox.id()];
    for (const id of [one, two, other]) await running(sandbox, id);
    const both = `^(${one}|${two})$`;
    expectSuccess(await sandbox.tsoci(['kill', '--regex', both, 'KILL']));
    await sandbox.stopped(one);
    await sandbox.stopped(two);
    assert.equal((await sandbox.state(other)).status, 'running');
    expectSuccess(await sandbox.tsoci(['delete', '--regex', both]));
    assert.equal((await sandbox.tsoci(['state', one])).code, 1);
    assert.equal((await sandbox.state(other)).status, 'running');
    expectRefusal(await sandbox.tsoci(['delete', '--regex', '^nobody$']), /no container matches/);
    expectRefusal(await sandbox.tsoci(['kill', '--regex', '(']), /--regex/);
    expectRefusal(await sandbox.tsoci(['kill', '--regex', '', 'KILL']), /--regex "".*\n.*\.\* for all/);
    expectRefusal(await sandbox.tsoci(['delete', '--force', '--regex', '']), /--regex ""/);
    assert.equal((await sandbox.state(other)).status, 'running');
  }));

/**
 * Receives what is sent to both sockets until the command has ended, in a mount namespace in which they are there.
 */
const listener = `
import os, socket, subprocess, sys
os.makedirs('/run/systemd/journal')
sockets = []
for path in ('/run/systemd/journal/socket', '/dev/log'):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.setblocking(False)
    sockets.append(s)
subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL)
for s in sockets:
    try:
        while True: sys.stdout.buffer.write(s.recv(65536) + b'\\0')
    except BlockingIOError: pass
`;

function received({ runtime, root }: Sandbox, ...args: string[]): string[] {
  const python = ['python3', '-c', listener, ...runtime, '--root', root, ...args];
  // A device of the host's /dev is enough for a runtime that only refuses.
  const script = 'mount -t tmpfs none /run && mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec "$@"';
  const output = execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...python], {
    encoding: 'utf8',
  });
  return output.split('\0').filter((each) => each !== '');
}

test('--log=journald:NAME and syslog:NAME: one datagram a line, with severity and name', () =>
  withSandbox(async (sandbox) => {
    const missing = ['state', 'nobody'];
    const [journal = ''] = received(sandbox, '--log=journald:web', ...missing).slice(-1);
    assert.match(journal, /^PRIORITY=3\nSYSLOG_IDENTIFIER=web\nMESSAGE=.*nobody.*\n$/);
    const [syslog = ''] = received(sandbox, '--log=syslog:web', ...missing).slice(-1);
    assert.match(syslog, /^<11>web: .*nobody/);
    assert.deepEqual(received(sandbox, '--log-level=error', '--log=syslog:web', ...missing).length, 1);
  }));

test('where nobody listens, and for a name that cannot be told from the message, it is refused before the work', () =>
  withSandbox(async (sandbox) => {
    expectRefusal(await sandbox.tsoci(['--log', 'syslog:a b', 'list']), /a name may have/);
    if (!existsSync('/dev/log'))
      expectRefusal(await sandbox.tsoci(['--log', 'syslog:a', 'list']), /connect to syslog at \/dev\/log/);
    const file = join(sandbox.directory(), 'log');
    assert.equal((await sandbox.tsoci(['--log', `file:${file}`, 'state', 'nobody'])).code, 1);
    assert.match(readFileSync(file, 'utf8'), /level=error/);
  }));

test('--log-level=error leaves warnings out, =debug tells what --debug does', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true'], (config) => {
      config.mounts?.push({ destination: 'relative', type: 'tmpfs', source: 'tmpfs' });
    });
    const told = async (level: string) =>
      (await runCommand([...sandbox.runtime, '--log-level', level, 'plan', '--bundle', directory])).stderr;
    assert.match(await told('warning'), /is relative/);
    assert.equal(await told('error'), '');
    assert.match(await told('debug'), /debug: /);
  }));

test.run();
