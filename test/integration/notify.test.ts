/** NOTIFY_SOCKET: what a container tells the service manager of whoever starts it (sd_notify(3)). */
import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle, ConfigChange } from './support/bundle.ts';
import { compileTell, install } from './support/probe.ts';
import { type CommandResult, runtimeKind } from './support/runtime.ts';
import { descriptorsOf, expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { ServiceManager } from './support/service-manager.ts';
import { until } from './support/wait.ts';

const test = suite(`NOTIFY_SOCKET (${runtimeKind})`);

const tell = compileTell();

/** A bundle whose process is a shell script that can tell. */
function teller(sandbox: Sandbox, script: string, change?: ConfigChange): Bundle {
  const bundle = sandbox.script(script, change);
  install(bundle, tell);
  return bundle;
}

/** Until the test says so. */
const untilToldTo = 'until test -e /go; do sleep 0.02; done';
const tellToGo = ({ rootfs }: Bundle): void => writeFileSync(join(rootfs, 'go'), '');

/** A command that is not over yet. */
interface Call {
  readonly result: Promise<CommandResult>;
  readonly pid: number;
  over(): boolean;
}

function begin(sandbox: Sandbox, args: readonly string[], env: NodeJS.ProcessEnv): Call {
  let over = false;
  let child: ChildProcess | undefined;
  const result = sandbox.tsoci(args, { env, onSpawn: (spawned) => (child = spawned) });
  result.then(() => (over = true));
  return { result, pid: child?.pid ?? 0, over: () => over };
}

const notifyOf = (sandbox: Sandbox, id: string): string => join(sandbox.root, id, 'notify/notify.sock');

test('start ends when the container is ready and the manager has read it; nothing else is handed on', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const { environment: env } = manager;
    const refused = `tell STATUS=busy MAINPID=1 STOPPING=1 XREADY=1 'READY=1 ' 'READY=10' ready=1 LONG RIGHTS BARRIER=1 FDSTORE=1`;
    const bundle = teller(
      sandbox,
      `${refused}; ${untilToldTo}; tell "MAINPID=1
READY=1
EXTEND_TIMEOUT_USEC=1000000000"; sleep 1000`,
    );
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id], { env }));
    assert.equal(existsSync(notifyOf(sandbox, id)), false);
    const start = begin(sandbox, ['start', id], env);
    await until('the socket is there', () => existsSync(notifyOf(sandbox, id)));
    // Others get at the container meanwhile.
    const inside = ['--env', 'NOTIFY_SOCKET=/run/notify/notify.sock', id, 'tell', 'STATUS=exec'];
    expectSuccess(await sandbox.tsoci(['exec', ...inside], { env }));
    assert.deepEqual([manager.notices, start.over()], [[], false]);
    tellToGo(bundle);
    const notices = await manager.received(3);
    const { pid } = await sandbox.state(id);
    assert.deepEqual(
      notices.map(({ text, descriptors }) => [text, descriptors]),
      [
        ['READY=1\n', 0],
        [`MAINPID=${pid}\n`, 0],
        ['BARRIER=1', 1],
      ],
    );
    assert.deepEqual(
      notices.map((notice) => notice.pid),
      [start.pid, start.pid, start.pid],
    );
    assert.equal(start.over(), false);
    manager.pass();
    assert.equal(expectSuccess(await start.result).stderr, '');
    assert.equal(manager.notices.length, 3);
  }));

test('descriptors that a container sends are not kept', () =>
  withSandbox(async (sandbox) => {
    const { environment: env } = await ServiceManager.listen(sandbox);
    const bundle = teller(sandbox, `${untilToldTo}; while :; do tell RIGHTS STATUS=1; done >/dev/null`);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id], { env }));
    const start = begin(sandbox, ['start', id], env);
    await until('the socket is there', () => existsSync(notifyOf(sandbox, id)));
    const waits = () => readFileSync(`/proc/${start.pid}/wchan`, 'utf8').includes('poll');
    await until('start waits for the container', waits);
    const before = descriptorsOf(start.pid).length;
    tellToGo(bundle);
    for (let look = 0; look < 50; look++) {
      await until('the container goes on', () => true);
      assert.ok(descriptorsOf(start.pid).length <= before + 1, `${descriptorsOf(start.pid)}`);
    }
    assert.equal(start.over(), false);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    expectSuccess(await start.result);
  }));

test('start ends with a container that never says that it is ready, and with one that ends at once', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const { environment: env } = manager;
    for (const [script, expected] of [
      ['exit 3', []],
      ['tell STATUS=1', []],
      ['tell READY=1', ['READY=1\n', 'MAINPID', 'BARRIER=1']],
    ] as const) {
      const { directory } = teller(sandbox, script);
      const id = sandbox.id();
      const before = manager.notices.length;
      expectSuccess(await sandbox.tsoci(['create', '--bundle', directory, id], { env }));
      const start = begin(sandbox, ['start', id], env);
      if (expected.length > 0) await manager.received(before + expected.length);
      manager.pass();
      expectSuccess(await start.result);
      const texts = manager.notices.slice(before).map(({ text }) => text.replace(/^(MAINPID)=\d+\n$/, '$1'));
      assert.deepEqual(texts, expected);
    }
  }));

test('run in the foreground: READY=1 once, from the process whose status is the program’s', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox, `@tsoci-test-${process.pid}`);
    const bundle = teller(
      sandbox,
      `tell STATUS=1 LONG RIGHTS XREADY=1; ${untilToldTo}; tell "STATUS=2
READY=1" READY=1 STOPPING=1; exit 7`,
    );
    const run = begin(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()], manager.environment);
    tellToGo(bundle);
    const result = await run.result;
    assert.equal(result.code, 7, result.stderr);
    assert.deepEqual(await manager.received(1), [
      { text: `READY=1\nMAINPID=${run.pid}\n`, pid: run.pid, descriptors: 0 },
    ]);
    assert.deepEqual(readdirSync(sandbox.root), []);
  }));

test('a flood of messages keeps the foreground process from nothing', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const bundle = teller(sandbox, "trap 'exit 9' TERM; tell FLOOD & tell FLOOD & wait");
    const id = sandbox.id();
    const run = begin(sandbox, ['run', '--bundle', bundle.directory, id], manager.environment);
    await until('the container runs', () => existsSync(join(sandbox.root, id, 'state.json')));
    await until('it floods', async () =>
      (await sandbox.tsoci(['exec', id, 'ps'])).stdout.includes('tell FLOOD'),
    );
    process.kill(run.pid, 'SIGTERM');
    assert.equal((await run.result).code, 9);
    assert.deepEqual(manager.notices, []);
  }));

test('run --detach waits as start does', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const bundle = teller(sandbox, `${untilToldTo}; tell READY=1; sleep 1000`);
    const id = sandbox.id();
    const run = begin(sandbox, ['run', '--detach', '--bundle', bundle.directory, id], manager.environment);
    await until('the container runs', () => existsSync(notifyOf(sandbox, id)));
    assert.equal(run.over(), false);
    tellToGo(bundle);
    const [ready, main] = await manager.received(3);
    assert.deepEqual([ready?.text, main?.text], ['READY=1\n', `MAINPID=${(await sandbox.state(id)).pid}\n`]);
    manager.pass();
    expectSuccess(await run.result);
  }));

test('the socket: read-only, nosuid, noexec, nodev, for any user, whatever the umask; in its environment last', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const look = `grep ' /run/notify ' /proc/self/mountinfo | cut -d' ' -f6; stat -c %a /run/notify /run/notify/notify.sock
env | grep NOTIFY; rm /run/notify/notify.sock; touch /run/notify/x; tell READY=1 && echo told`;
    const asUser: ConfigChange = ({ process: own, linux }) => {
      if (own === undefined || linux === undefined) throw new Error('not the default config');
      own.user = { uid: 1000, gid: 1000 };
      own.env = [...(own.env ?? []), 'NOTIFY_SOCKET=/elsewhere'];
      linux.namespaces?.push({ type: 'user' });
      linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
      linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    };
    const { directory, rootfs } = teller(sandbox, look, asUser);
    chmodSync(directory, 0o755);
    execFileSync('chown', ['-R', '-h', '100000:100000', rootfs]);
    const before = process.umask(0o077);
    let run: Call;
    try {
      run = begin(sandbox, ['run', '--bundle', directory, sandbox.id()], manager.environment);
    } finally {
      process.umask(before);
    }
    const { stdout, stderr } = await run.result;
    const [options = '', ...lines] = stdout.trim().split('\n');
    for (const option of ['ro', 'nosuid', 'nodev', 'noexec'])
      assert.ok(options.split(',').includes(option), stdout);
    assert.deepEqual(lines, ['755', '777', 'NOTIFY_SOCKET=/run/notify/notify.sock', 'told'], stderr);
    assert.match(stderr, /rm: .*Read-only file system\ntouch: .*Read-only file system/);
    await manager.received(1);
  }));

test('without the variable there is nothing of it, and no socket where only create had it', () =>
  withSandbox(async (sandbox) => {
    const plain = await sandbox.output('ls /run 2>/dev/null; env | grep NOTIFY; true');
    assert.equal(plain, '');
    const empty = await sandbox.runBundle(sandbox.script('env | grep NOTIFY; true'), [], {
      env: { ...process.env, NOTIFY_SOCKET: '' },
    });
    assert.equal(expectSuccess(empty).stdout, '');
    const id = sandbox.id();
    const env = { ...process.env, NOTIFY_SOCKET: '/nobody/is/asked' };
    const { directory } = sandbox.script('sleep 1000');
    expectSuccess(await sandbox.tsoci(['create', '--bundle', directory, id], { env }));
    expectSuccess(await sandbox.tsoci(['start', id]));
    assert.equal(existsSync(notifyOf(sandbox, id)), false);
  }));

test('a manager that is not there: refused, and nothing has changed', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.script('sleep 1000');
    const missing = join(sandbox.directory(), 'missing');
    for (const [address, why] of [
      [missing, /cannot reach the service manager at NOTIFY_SOCKET=".*missing": ENOENT/],
      ['@tsoci-test-nobody', /ECONNREFUSED/],
      ['relative', /neither an absolute path nor @ and a name/],
      ['@', /cannot reach/],
    ] as const) {
      const env = { ...process.env, NOTIFY_SOCKET: address };
      expectRefusal(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()], { env }), why);
      assert.deepEqual(readdirSync(sandbox.root), []);
    }
    const env = { ...process.env, NOTIFY_SOCKET: missing };
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', directory, id], { env }));
    expectRefusal(await sandbox.tsoci(['start', id], { env }), /cannot reach the service manager/);
    assert.equal((await sandbox.state(id)).status, 'created');
    // And it can still be started.
    expectSuccess(await sandbox.tsoci(['start', id]));
  }));

test('what a container that may mount leaves in the directory goes with it, and nothing that its links lead to', () =>
  withSandbox(async (sandbox) => {
    const manager = await ServiceManager.listen(sandbox);
    const { environment: env } = manager;
    const precious = join(sandbox.directory(), 'precious');
    writeFileSync(precious, 'kept', { mode: 0o600 });
    const script = `cd /run/notify && mount -o remount,rw,bind /run/notify && rm notify.sock &&
ln -s ${precious} notify.sock && ln -s ${precious} other && mkdir -p deep/deeper && touch deep/file "$(printf '\\377')" && echo changed; exec sleep 1000`;
    const bundle = teller(sandbox, script, ({ process: own, linux }) => {
      if (own?.capabilities === undefined || linux === undefined) throw new Error('not the default config');
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        own.capabilities[set] = [...(own.capabilities[set] ?? []), 'CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
      delete linux.seccomp;
    });
    const id = sandbox.id();
    const output = join(sandbox.directory(), 'output');
    const create = ['create', '--output', output, '--bundle', bundle.directory, id];
    expectSuccess(await sandbox.tsoci(create, { env }));
    const start = begin(sandbox, ['start', id], env);
    await until('the container has put its things there', () => readFileSync(output, 'utf8') === 'changed\n');
    assert.ok(lstatSync(notifyOf(sandbox, id)).isSymbolicLink());
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    expectSuccess(await start.result);
    assert.deepEqual(readdirSync(sandbox.root), []);
    assert.deepEqual([readFileSync(precious, 'utf8'), statSync(precious).mode & 0o777], ['kept', 0o600]);
  }));

test.run();
