import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { criuDefaults } from '../../../src/container/checkpoint/criu-choices.ts';
import type { CheckpointOptions } from '../../../src/container/checkpoint/types.ts';
import { checkpoint } from '../../../src/container/checkpoint.ts';
import type { Config } from '../../../src/spec/config.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { type Scene, withChild, withScene } from './scene.ts';

const test = suite('checkpoint');

const options: CheckpointOptions = {
  imagePath: '',
  leaveRunning: false,
  preDump: false,
  ...criuDefaults,
  tcpSkipInFlight: false,
};

/** A container `c` of this config that runs; whatever fails, it runs on, and nothing stays open. */
const withRunning = (
  config: Partial<Config>,
  body: (
    scene: Scene,
    failWith: (change?: Partial<CheckpointOptions>) => ReturnType<typeof laterFailureOf>,
  ) => unknown,
) =>
  withScene((scene) =>
    withChild(async (init) => {
      const { root } = scene.context;
      await scene.add('c', { init }, { ociVersion: '1.3.0', ...config });
      mkdirSync(`${root}/bin`);
      writeFileSync(`${root}/bin/criu`, '', { mode: 0o755 });
      const context = { ...scene.context, criu: `${root}/bin/criu` };
      const before = openDescriptors(scene.real);
      await body(scene, (change) =>
        laterFailureOf(() =>
          checkpoint(context, 'c', { ...options, imagePath: `${root}/images`, ...change }),
        ),
      );
      assert.deepEqual(newDescriptors(scene.real, before), []);
      assert.equal(scene.real.wait(init.pid, true), undefined, 'its process lives');
      assert.ok(scene.ids.includes('c'));
      assert.equal(scene.store.isLocked('c'), false);
    }),
  );

test('refuses what CRIU would lose without a word, before there are images', () =>
  withRunning(
    {
      mounts: [
        { destination: '/proc', type: 'proc' },
        { destination: '/d', type: 'bind', source: '/s', options: ['bind', 'idmap'] },
      ],
    },
    async (scene, failWith) => {
      const failure = await failWith();
      assert.deepEqual([failure.code, failure.pointer], ['unsupported', '/mounts/1']);
      assert.equal(existsSync(`${scene.context.root}/images`), false);
    },
  ));

test('refuses a container in a mount namespace of others', () =>
  withRunning(
    { linux: { namespaces: [{ type: 'pid' }, { type: 'mount', path: '/m' }] } },
    async (_scene, failWith) => {
      const failure = await failWith();
      assert.equal(failure.pointer, '/linux/namespaces/1');
      assert.match(failure.message, /mount namespace of others cannot be checkpointed/);
    },
  ));

test('says that a directory of images cannot be made, and which', () =>
  withRunning({}, async (_scene, failWith) => {
    assert.match((await failWith({ imagePath: '/proc/nowhere' })).message, /"\/proc\/nowhere"/);
  }));

test('a program that is not CRIU leaves the container as it was', () =>
  withRunning({}, async (scene, failWith) => {
    scene.calls.spawn = () => {
      throw systemError('ENOEXEC', 'criu');
    };
    assert.match((await failWith()).message, /cannot start "criu": ENOEXEC/);
  }));

test('without a CRIU, and of a container that has stopped, nothing is begun', () =>
  withRunning({}, async (scene, failWith) => {
    await scene.add('dead', { init: { pid: 4_194_303, startTime: '1' } });
    const missing = { ...scene.context, criu: '/nowhere/criu' };
    assert.match((await laterFailureOf(() => checkpoint(missing, 'c', options))).message, /\/nowhere\/criu/);
    const present = { ...scene.context, criu: `${scene.context.root}/bin/criu` };
    const stopped = await laterFailureOf(() => checkpoint(present, 'dead', options));
    assert.match(stopped.message, /container not running/);
    assert.match((await failWith({ imagePath: '/proc/nowhere' })).message, /nowhere/);
  }));

test.run();
