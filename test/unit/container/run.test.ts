import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { ProcessIdentity } from '../../../src/container/process/process-identity.ts';
import { run } from '../../../src/container/run.ts';
import type { Context, RunOptions } from '../../../src/container/types.ts';
import type { Packet } from '../../../src/host/native.ts';
import type { Config } from '../../../src/spec/config.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { end, executing, FakeMachine, packet, ready } from '../launch/fake-stub.ts';
import { laterFailureOf } from '../refusal.ts';
import { clonedAs, endOf, type Scene, withChild, withScene } from './scene.ts';

const test = suite('run');

const failing = [{ path: '/bin/false' }];

interface Running {
  readonly scene: Scene;
  readonly context: Context;
  readonly stub: FakeMachine;
  readonly child: ProcessIdentity;
  readonly options: RunOptions;
}

/** A bundle of this config, and a stub that makes a process and then says these things. */
const withBundle = (
  script: readonly Packet[],
  change: Partial<Config>,
  body: (running: Running) => unknown,
) =>
  withScene((scene) =>
    withChild(async (child) => {
      const bundle = `${scene.context.root}/.bundle`;
      mkdirSync(`${bundle}/rootfs`, { recursive: true });
      const config: Config = {
        ociVersion: '1.3.0',
        root: { path: 'rootfs' },
        process: { cwd: '/', args: ['x'] },
        linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
        ...change,
      };
      writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
      const stub = new FakeMachine([clonedAs(child.pid), ...script]);
      scene.speak(stub);
      const context = { ...scene.context, cgroupManager: 'disabled' as const };
      const more = { noPivot: false, noNewKeyring: false, preserveFds: 0, detach: true, keep: false };
      await body({ scene, context, stub, child, options: { id: 'c', bundle, ...more } });
      assert.deepEqual(stub.problems, []);
    }),
  );

test('the program runs; what is left to remove afterwards is told where that is all', () =>
  withBundle([ready, executing, end], {}, async ({ scene, context, child, options }) => {
    const { pid, tidy, stub, terminal } = await run(context, options);
    assert.equal(pid, child.pid);
    assert.deepEqual(tidy, [`${context.root}/c`]);
    assert.deepEqual([stub, terminal], [undefined, undefined]);
    assert.equal(scene.store.read('c').init?.pid, pid);
  }));

test('with poststop hooks a removal is more than that', () =>
  withBundle([ready, executing, end], { hooks: { poststop: failing } }, async ({ context, options }) => {
    assert.equal((await run(context, options)).tidy, undefined);
  }));

const terminal = packet({ type: 'console', text: '/dev/pts/0', descriptors: [90] });
const onTerminal = { process: { cwd: '/', args: ['x'], terminal: true } };
const inFront = { detach: false, relaysTerminal: true };

/** The caller sits in front of a terminal. */
const seated = ({ scene }: Running) => {
  scene.calls.isTerminal = () => true;
  scene.calls.windowSize = () => ({ rows: 24, columns: 80 });
};

test('in the foreground the terminal and the stub’s image stay open, for the supervisor', () =>
  withBundle([terminal, ready, executing, end], onTerminal, async (running) => {
    const { context, options, stub } = running;
    seated(running);
    const foreground = await run(context, { ...options, ...inFront });
    assert.equal(foreground.terminal, 90);
    assert.deepEqual([...stub.open].sort(), [foreground.terminal, foreground.stub].sort());
  }));

test('a poststart hook that fails ends the process, closes what was kept, and the container is gone', () =>
  withBundle(
    [terminal, ready, executing, end],
    { ...onTerminal, hooks: { poststart: failing, poststop: failing } },
    async (running) => {
      const { scene, context, options, stub, child } = running;
      seated(running);
      const failure = await laterFailureOf(() => run(context, { ...options, ...inFront }));
      assert.match(failure.message, /hooks\.poststart\[0\]/);
      assert.deepEqual([...stub.open], []);
      assert.throws(() => endOf(child.pid), /ECHILD/, 'ended and reaped');
      assert.deepEqual(
        scene.ids.filter((id) => id === 'c'),
        [],
      );
      assert.match(scene.warned.join(), /hooks\.poststop\[0\]/);
    },
  ));

test('what cannot be removed then rides beside the hook’s failure', () =>
  withBundle(
    [ready, executing, end],
    { hooks: { poststart: failing } },
    async ({ scene, context, options }) => {
      scene.calls.removeDirectory = (path) => {
        throw systemError('EBUSY', path);
      };
      const failure = await laterFailureOf(() => run(context, options));
      assert.equal(failure.code, 'hook');
      assert.match(String(failure.cleanup[0]), /EBUSY/);
    },
  ));

test.run();
