import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { ProcessIdentity } from '../../../src/container/process/process-identity.ts';
import type { ContainerRecord } from '../../../src/container/record/record.ts';
import { start } from '../../../src/container/start.ts';
import type { Packet } from '../../../src/host/native.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { end, executing, FakeMachine, packet } from '../launch/fake-stub.ts';
import { laterFailureOf } from '../refusal.ts';
import { endOf, type Scene, withChild, withScene } from './scene.ts';
import { withDirectory } from './support.ts';

const test = suite('start');

const config = { ociVersion: '1.3.0', process: { cwd: '/', args: ['x'] } };
const died = /died before it executed the program/;

/** A container `c` whose process, a child of ours, waits, and says these things once it may go on. */
const withWaiting = (
  script: readonly Packet[],
  record: Partial<ContainerRecord>,
  body: (waiting: {
    readonly scene: Scene;
    readonly stub: FakeMachine;
    readonly init: ProcessIdentity;
    readonly socket: string;
  }) => unknown,
) =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init, ...record }, config);
      const socket = `${scene.context.root}/c/start.sock`;
      writeFileSync(socket, '');
      const stub = new FakeMachine(script);
      scene.speak(stub);
      scene.calls.connect = stub.host().native.connect;
      await body({ scene, stub, init, socket });
      assert.deepEqual(stub.problems, []);
    }),
  );

test('takes the socket away before it gives leave, so that nobody starts it twice', () =>
  withWaiting([executing, end], {}, async ({ scene, stub, init, socket }) => {
    const { send } = scene.calls;
    const there: boolean[] = [];
    scene.calls.send = (...given) => {
      there.push(existsSync(socket));
      send?.(...given);
    };
    await start(scene.context, 'c');
    assert.deepEqual(there, [false]);
    assert.match(stub.sent[0] ?? '', /^start /);
    const state = JSON.parse((stub.sent[0] ?? '').slice('start '.length));
    assert.deepEqual([state.status, state.pid], ['created', init.pid]);
    assert.equal(stub.open.size, 0);
    const again = await laterFailureOf(() => start(scene.context, 'c'));
    assert.match(again.message, /it is already running/);
  }));

test('a process that dies without a word has not started, and the container is stopped', () =>
  withWaiting([end], {}, async ({ scene, stub, init }) => {
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.match(failure.message, died);
    assert.equal(endOf(init.pid), 9, 'nothing is left that might still start');
    assert.deepEqual([...scene.ids], ['c']);
    assert.equal(stub.open.size, 0);
  }));

test('a socket that cannot be taken away: no leave is given, and the process ends', () =>
  withWaiting([executing, end], {}, async ({ scene, stub, init }) => {
    scene.calls.unlink = (path) => {
      throw systemError('EROFS', path);
    };
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.match(failure.message, /cannot remove ".*start\.sock": EROFS/);
    assert.deepEqual(stub.sent, []);
    assert.equal(endOf(init.pid), 9);
  }));

test('who cannot reach the process leaves the container as it is', () =>
  withWaiting([], {}, async ({ scene, init, socket }) => {
    const failureWith = (code: string) => {
      scene.calls.connect = (path) => {
        throw systemError(code, path);
      };
      return laterFailureOf(() => start(scene.context, 'c'));
    };
    assert.match((await failureWith('ECONNREFUSED')).message, /its process does not wait for start/);
    assert.match((await failureWith('EMFILE')).message, /cannot reach the waiting process at .*EMFILE/);
    assert.ok(existsSync(socket));
    assert.equal(scene.context.host.native.wait(init.pid, true), undefined, 'it lives');
  }));

test('a config without a process has nothing to start', () =>
  withWaiting([], { startable: false }, async ({ scene, socket }) => {
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.deepEqual([failure.code, failure.pointer], ['invalid', '/process']);
    assert.ok(existsSync(socket));
  }));

test('what the filter of the config forbids is named where the process dies of it', () =>
  withWaiting([end], {}, async ({ scene }) => {
    const seccomp = { defaultAction: 'SCMP_ACT_KILL' };
    writeFileSync(`${scene.context.root}/c/config.json`, JSON.stringify({ ...config, linux: { seccomp } }));
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.match(failure.hint ?? '', /linux\.seccomp does not allow write \(SCMP_ACT_KILL\)/);
  }));

test('what startContainer hooks say goes to their file, and one that cannot be opened leaves all as it is', () =>
  withDirectory((directory) => {
    const file = `${directory}/later/said`;
    const note = { index: 3, kind: 'hook', phase: 'seal', from: '/hooks/startContainer/0', subject: '/h' };
    const record = {
      startNotes: [note] as ContainerRecord['startNotes'],
      annotations: { 'run.oci.hooks.stdout': file },
    };
    const said = packet({ type: 'said', operation: 3, value: 1, text: 'word' });
    return withWaiting([said, executing, end], record, async ({ scene, stub, socket }) => {
      const refused = await laterFailureOf(() => start(scene.context, 'c'));
      assert.match(refused.message, /cannot write the output of hooks to ".*\/later\/said"/);
      assert.ok(existsSync(socket), 'it can be started yet');
      mkdirSync(`${directory}/later`);
      await start(scene.context, 'c');
      assert.equal(readFileSync(file, 'utf8'), 'word');
      assert.equal(stub.open.size, 0);
    });
  }));

const failing = [{ path: '/bin/false' }];

test('a poststart hook that fails stops and destroys the container, and its poststop hooks run', () =>
  withWaiting([executing, end], { poststart: failing, poststop: failing }, async ({ scene, init }) => {
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.equal(failure.code, 'hook');
    assert.match(failure.message, /hooks\.poststart\[0\]/);
    assert.deepEqual([...scene.ids], []);
    assert.throws(() => endOf(init.pid), /ECHILD/, 'ended and reaped');
    assert.match(scene.warned.join(), /hooks\.poststop\[0\]/);
  }));

test('what cannot be destroyed then rides beside the hook’s failure', () =>
  withWaiting([executing, end], { poststart: failing }, async ({ scene }) => {
    scene.calls.removeDirectory = (path) => {
      throw systemError('EBUSY', path);
    };
    const failure = await laterFailureOf(() => start(scene.context, 'c'));
    assert.equal(failure.code, 'hook');
    assert.match(String(failure.cleanup[0]), /cannot remove the state directory .*EBUSY/);
  }));

test('a failure that the process tells of is told', () =>
  withWaiting(
    [packet({ type: 'failed', stage: 1, operation: 3, errno: 2, text: 'execve' })],
    { startNotes: [{ index: 3, kind: 'execute', from: '/process/args', about: 'x' }] as never },
    async ({ scene, init }) => {
      const failure = await laterFailureOf(() => start(scene.context, 'c'));
      assert.equal(failure.errno, 'ENOENT');
      assert.equal(endOf(init.pid), 9);
    },
  ));

test.run();
