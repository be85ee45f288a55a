import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { exec } from '../../../src/container/exec.ts';
import type { ProcessIdentity } from '../../../src/container/process/process-identity.ts';
import type { ExecOptions } from '../../../src/container/types.ts';
import { Failure } from '../../../src/failure.ts';
import type { Packet } from '../../../src/host/native.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { end, executing, FakeMachine, packet, ready } from '../launch/fake-stub.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, clonedAs, endOf, type Scene, withChild, withScene } from './scene.ts';

const test = suite('exec');

const config = {
  ociVersion: '1.3.0',
  process: { cwd: '/', args: ['own'], user: { uid: 5, gid: 6 } },
  linux: { namespaces: [{ type: 'mount' }] },
};
const options: ExecOptions = {
  args: ['x'],
  tty: false,
  detach: false,
  preserveFds: 0,
  ignorePaused: false,
};

interface Running {
  readonly scene: Scene;
  readonly stub: FakeMachine;
  /** The process that the stub makes. */
  readonly child: ProcessIdentity;
  readonly init: ProcessIdentity;
}

/** A container `c` that runs, and a stub that makes a process and then says these things. */
const withRunning = (script: readonly Packet[], body: (running: Running) => unknown, record = {}) =>
  withScene((scene) =>
    withChild((init) =>
      withChild(async (child) => {
        await scene.add('c', { init, namespaces: ['mount'], ...record }, config);
        const stub = new FakeMachine([clonedAs(child.pid), ready, ...script]);
        scene.speak(stub);
        await body({ scene, stub, child, init });
        assert.deepEqual(stub.problems, []);
        assert.equal(stub.open.size, 0, 'nothing is left open');
      }),
    ),
  );

const failed = packet({ type: 'failed', stage: 1, operation: 0, errno: 2, text: 'x' });

test('the process is there with its pid file before it may execute', () =>
  withRunning([executing, end], async ({ scene, stub, child }) => {
    const pidFile = `${scene.context.root}/pid`;
    const { send } = scene.calls;
    const there: string[] = [];
    scene.calls.send = (...given) => {
      there.push(readFileSync(pidFile, 'utf8'));
      send?.(...given);
    };
    const { pid } = await exec(scene.context, 'c', { ...options, pidFile });
    assert.equal(pid, child.pid);
    assert.deepEqual(there, [String(pid)]);
    assert.match(stub.sent[0] ?? '', /^commit \{.*"status":"created"/);
    assert.ok(existsSync(pidFile));
  }));

test('a program that cannot be executed leaves no pid file and no process', () =>
  withRunning([failed], async ({ scene, child }) => {
    const pidFile = `${scene.context.root}/pid`;
    const failure = await laterFailureOf(() => exec(scene.context, 'c', { ...options, pidFile }));
    assert.equal(failure.errno, 'ENOENT');
    assert.equal(existsSync(pidFile), false);
    assert.throws(() => endOf(child.pid), /ECHILD/, 'ended and reaped');
  }));

test('a pidfd that nobody takes ends the process, and takes the pid file back', () =>
  withRunning([], async ({ scene, child }) => {
    const pidFile = `${scene.context.root}/pid`;
    const failure = await laterFailureOf(() =>
      exec(scene.context, 'c', { ...options, pidFile, pidfdSocket: '/nowhere/s' }),
    );
    assert.match(failure.message, /cannot connect to the pidfd socket "\/nowhere\/s"/);
    assert.equal(existsSync(pidFile), false);
    assert.throws(() => endOf(child.pid), /ECHILD/);
  }));

test('a pid file that cannot be taken back rides beside the failure', () =>
  withRunning([failed], async ({ scene }) => {
    const pidFile = `${scene.context.root}/pid`;
    const { unlink } = scene.context.host.native;
    scene.calls.unlink = (path) => {
      if (path === pidFile) throw systemError('EROFS', path);
      unlink(path);
    };
    const failure = await laterFailureOf(() => exec(scene.context, 'c', { ...options, pidFile }));
    assert.equal(failure.errno, 'ENOENT');
    assert.match(String(failure.cleanup[0]), /cannot remove .*EROFS/);
  }));

test('refuses before anything is started: no such container, no command, a terminal that nobody takes', () =>
  withRunning([], async ({ scene, stub }) => {
    const refused = async (change: Partial<ExecOptions>, words: RegExp, id = 'c') => {
      const failure = await laterFailureOf(() => exec(scene.context, id, { ...options, ...change }));
      assert.match(failure.message, words);
    };
    await refused({}, /does not exist: "other"/, 'other');
    await refused({ args: [] }, /no command to execute/);
    await refused({ preserveFds: 4000 }, /--preserve-fds 4000 would hand on/);
    await refused({ tty: true, detach: true }, /a detached process with a terminal needs --console-socket/);
    await refused({ consoleSocket: '/s' }, /--console-socket is for a process with a terminal/);
    await refused({ process: { cwd: '/' } }, /args/);
    assert.deepEqual(stub.spawned, []);
  }));

test('refuses a container that has stopped', () =>
  withRunning([], async ({ scene, init }) => {
    await scene.add('dead', { init: { ...init, startTime: '1' } }, config);
    const failure = await laterFailureOf(() => exec(scene.context, 'dead', options));
    assert.match(failure.message, /cannot exec in a stopped container: container not running/);
  }));

const frozen = { 'cgroup.freeze': '1\n', 'cgroup.events': 'frozen 1\n' };

test('one that is paused is refused, unless the caller wants to wait with it', () =>
  withRunning(
    [executing, end],
    async ({ scene, child, init }) => {
      scene.addCgroup('c', [init.pid], frozen);
      const failure = await laterFailureOf(() => exec(scene.context, 'c', options));
      assert.match(failure.message, /cannot exec in a paused container/);
      scene.calls.readText = (path, maximum) =>
        path === `/proc/${init.pid}/cgroup` ? '0::/c\n' : scene.real.readText(path, maximum);
      const { pid } = await exec(scene.context, 'c', { ...options, ignorePaused: true });
      assert.equal(pid, child.pid);
    },
    { cgroup: cgroupAt('c') },
  ));

test('a process that the limit of the container’s processes refused is told by that limit', () =>
  withRunning(
    [packet({ type: 'failed', stage: 1, operation: 0, errno: 11, text: 'clone' })],
    async ({ scene, init }) => {
      scene.addCgroup('c', [init.pid], {
        'pids.current': '1\n',
        'pids.max': '1\n',
        'pids.events': 'max 1\n',
      });
      scene.calls.readText = (path, maximum) =>
        path === `/proc/${init.pid}/cgroup` ? '0::/c\n' : scene.real.readText(path, maximum);
      const failure = await laterFailureOf(() => exec(scene.context, 'c', options));
      assert.match(failure.message, /process limit 1 is too low to start/);
    },
    { cgroup: cgroupAt('c') },
  ));

/** The plan of exec in a cgroup of v2 has its clone there. */
const refusedClone = (errno: number) =>
  packet({ type: 'failed', stage: 0, operation: 2, errno, text: 'clone3' });
const scope = {
  cgroup: { ...cgroupAt('c'), driver: 'systemd', scope: { unit: 'c.scope', slice: 's', kind: 'system' } },
};

/** One character a byte. */
const textOf = (data: Uint8Array) => Array.from(data, (byte) => String.fromCharCode(byte)).join('');

/** Plans that the stub was given, by whether they wait for somebody to move the stub. */
function plansOf(scene: Scene, init: ProcessIdentity): boolean[] {
  const waits: boolean[] = [];
  const { sealedBytes } = scene.calls;
  scene.calls.sealedBytes = (data, name) => {
    if (name === 'tsoci-plan') waits.push(!textOf(data).includes('/cg/c'));
    return sealedBytes?.(data, name) ?? 0;
  };
  scene.calls.readText = (path, maximum) =>
    path === `/proc/${init.pid}/cgroup` ? '0::/c\n' : scene.real.readText(path, maximum);
  scene.addCgroup('c', [init.pid]);
  return waits;
}

for (const [code, errno] of Object.entries({ EACCES: 13, EBUSY: 16, ENOENT: 2 }))
  test(`systemd is asked to move a process that may not enter by itself: ${code}`, () =>
    withRunning(
      [refusedClone(errno)],
      async ({ scene, init }) => {
        const waits = plansOf(scene, init);
        const { context } = scene;
        const host = { ...context.host, surroundings: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere/bus' } };
        const failure = await laterFailureOf(() => exec({ ...context, host }, 'c', options));
        // There is none here: what is told is what the kernel said, and beside it that systemd was asked.
        assert.equal(failure.errno, code);
        assert.match(String(failure.cleanup[0]), /cannot connect to the system bus/);
        assert.deepEqual(waits, [false, true]);
      },
      scope,
    ));

test('nobody is asked for another failure, nor for a cgroup that is not systemd’s', () => {
  const alone = (errno: number, record: object) =>
    withRunning(
      [refusedClone(errno)],
      async ({ scene, init }) => {
        const waits = plansOf(scene, init);
        const failure = await laterFailureOf(() => exec(scene.context, 'c', options));
        assert.deepEqual([failure.cleanup, waits], [[], [false]]);
      },
      record,
    );
  return alone(12, scope).then(() => alone(13, { cgroup: cgroupAt('c') }));
});

test('the end of the process is told to whoever asked', () =>
  withRunning([executing, end], async ({ scene, child }) => {
    const { host } = scene.context;
    const wait = { ...host.wait, child: async () => ({ code: 3, signal: undefined }) };
    const told = await new Promise((onExit) => {
      void exec({ ...scene.context, host: { ...host, wait }, onExit }, 'c', options);
    });
    assert.deepEqual(told, { id: 'c', pid: child.pid, code: 3, signal: undefined });
  }));

test('a failure of the stub itself is still a failure, with all taken back', () =>
  withRunning([], async ({ scene, stub }) => {
    stub.failing.set('spawn', new Failure('system', 'no stub'));
    const failure = await laterFailureOf(() => exec(scene.context, 'c', options));
    assert.equal(failure.message, 'no stub');
  }));

test.run();
