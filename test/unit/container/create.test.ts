import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { create } from '../../../src/container/create.ts';
import type { ProcessIdentity } from '../../../src/container/process/process-identity.ts';
import type { Context, CreateOptions } from '../../../src/container/types.ts';
import type { Packet } from '../../../src/host/native.ts';
import type { Config } from '../../../src/spec/config.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { ask, end, FakeMachine, ready } from '../launch/fake-stub.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { clonedAs, endOf, type Scene, withChild, withScene } from './scene.ts';

const test = suite('create');

const config: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['x'], user: { uid: 0, gid: 0 } },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

interface Making {
  readonly scene: Scene;
  readonly context: Context;
  readonly stub: FakeMachine;
  readonly child: ProcessIdentity;
  readonly options: CreateOptions;
  /** What lies in the root's directory besides the bundle. */
  readonly left: () => string[];
}

/** A bundle, and a stub that makes a process and then says these things. Without a cgroup, as nobody may make one. */
const withBundle = (
  script: readonly Packet[],
  body: (making: Making) => unknown,
  change: Partial<Config> = {},
) =>
  withScene((scene) =>
    withChild(async (child) => {
      const { root } = scene.context;
      const bundle = `${root}/.bundle`;
      mkdirSync(`${bundle}/rootfs`, { recursive: true });
      writeFileSync(`${bundle}/config.json`, JSON.stringify({ ...config, ...change }));
      const stub = new FakeMachine([clonedAs(child.pid), ...script]);
      scene.speak(stub);
      const context = { ...scene.context, cgroupManager: 'disabled' as const };
      const options = { id: 'c', bundle, noPivot: false, noNewKeyring: false, preserveFds: 0 };
      const before = openDescriptors(scene.real);
      const left = () => readdirSync(root).filter((name) => name !== '.bundle');
      await body({ scene, context, stub, child, options, left });
      assert.deepEqual(newDescriptors(scene.real, before), []);
      assert.deepEqual([...stub.open], []);
      assert.deepEqual(stub.problems, []);
    }),
  );

test('the container is recorded with its process, its config and its pid file, before its process gets leave', () =>
  withBundle([ready], async ({ scene, context, child, options, left }) => {
    const pidFile = `${context.root}/pid`;
    const { send } = scene.calls;
    const known: unknown[] = [];
    scene.calls.send = (...given) => {
      known.push(scene.store.read('c').init?.pid, readFileSync(pidFile, 'utf8'));
      send?.(...given);
    };
    const { pid } = await create(context, { ...options, pidFile });
    assert.equal(pid, child.pid);
    assert.deepEqual(known, [pid, String(pid)]);
    assert.deepEqual(JSON.parse(readFileSync(`${context.root}/c/config.json`, 'utf8')), config);
    assert.ok(existsSync(`${context.root}/c/start.sock`), 'where it waits for start');
    assert.equal(scene.store.isLocked('c'), false);
    assert.deepEqual(left().sort(), ['c', 'pid']);
  }));

test('a stub that ends leaves nothing: no state, no pid file, no process, no descriptor', () =>
  withBundle([end], async ({ context, child, options, left }) => {
    const failure = await laterFailureOf(() =>
      create(context, { ...options, pidFile: `${context.root}/pid` }),
    );
    assert.match(failure.message, /died while it was being set up/);
    assert.deepEqual(left(), []);
    assert.throws(() => endOf(child.pid), /ECHILD/, 'ended and reaped');
  }));

for (const [call, words] of [
  ['rename', /cannot write/],
  ['createFile', /cannot write/],
  ['listen', /cannot make the socket for start/],
  ['makeDirectory', /cannot make the state directory/],
] as const)
  test(`when ${call}() fails nothing is left`, () =>
    withBundle([ready], async ({ scene, context, options, left }) => {
      scene.calls[call] = (path: string): never => {
        throw systemError('ENOSPC', path);
      };
      const failure = await laterFailureOf(() => create(context, options));
      assert.match(failure.message, words);
      assert.deepEqual(left(), []);
    }));

test('a name that is in use is refused, and whoever has it keeps everything', () =>
  withBundle([ready], async ({ scene, context, stub, options }) => {
    await scene.add('c', { created: 'before' });
    const failure = await laterFailureOf(() => create(context, options));
    assert.equal(failure.code, 'exists');
    assert.equal(scene.store.read('c').created, 'before');
    assert.deepEqual(stub.spawned, []);
  }));

const failing = [{ path: '/bin/false' }];

test('a hook that fails: poststop hooks run, and the container is gone', () =>
  withBundle(
    [ask('create-runtime'), end],
    async ({ scene, context, child, options, left }) => {
      const failure = await laterFailureOf(() => create(context, options));
      assert.equal(failure.code, 'hook');
      assert.equal(scene.warned.filter((each) => each.includes('hooks.poststop[0]')).length, 1);
      assert.deepEqual(left(), []);
      assert.throws(() => endOf(child.pid), /ECHILD/);
    },
    { hooks: { createRuntime: failing, poststop: failing } },
  ));

test('where no hook has run, those of poststop do not either', () =>
  withBundle(
    [end],
    async ({ scene, context, options }) => {
      await laterFailureOf(() => create(context, options));
      assert.deepEqual(scene.warned, []);
    },
    { hooks: { createRuntime: failing, poststop: failing } },
  ));

test('output goes to the file for both streams; beside a terminal it is refused before anything is made', () =>
  withBundle([ready], async ({ context, stub, options }) => {
    const output = `${context.root}/.bundle/out`;
    await create(context, { ...options, output, streams: [70, 71, 72] });
    const [input, out, error] = stub.spawned[0]?.descriptors ?? [];
    assert.equal(input, 70);
    assert.equal(out, error);
    assert.notEqual(out, 71);
    assert.ok(existsSync(output));
  }));

test('a caller who takes the terminal asks for one without a socket', () =>
  withBundle(
    [ready],
    async ({ context, stub, options }) => {
      const failure = await laterFailureOf(() => create(context, options));
      assert.match(failure.message, /nobody takes the terminal/);
      assert.deepEqual(stub.spawned, []);
    },
    { process: { cwd: '/', args: ['x'], terminal: true } },
  ));

test('descriptors that the caller did not pass are not handed on', () =>
  withBundle([], async ({ context, stub, options }) => {
    const failure = await laterFailureOf(() => create(context, { ...options, preserveFds: 4000 }));
    assert.match(failure.message, /--preserve-fds 4000 would hand on/);
    assert.deepEqual(stub.spawned, []);
  }));

test.run();
