import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { processes } from '../../../src/container/processes.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, withChild, withScene } from './scene.ts';

const test = suite('processes');

test('the pids of the cgroup, ascending as numbers', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [1000, 9, 200]);
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      assert.deepEqual(await processes(scene.context, 'c'), [9, 200, 1000]);
    }),
  ));

test('its init where the cgroup tells of nobody, as long as it lives', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('without', { init });
      scene.addCgroup('empty');
      await scene.add('empty', { init, cgroup: cgroupAt('empty') });
      await scene.add('dead', { init: { ...init, startTime: '1' } });
      await scene.add('unborn');
      assert.deepEqual(await processes(scene.context, 'without'), [init.pid]);
      assert.deepEqual(await processes(scene.context, 'empty'), [init.pid]);
      assert.deepEqual(await processes(scene.context, 'dead'), []);
      assert.deepEqual(await processes(scene.context, 'unborn'), []);
    }),
  ));

test('refuses one that is not there', () =>
  withScene(async (scene) => {
    assert.equal((await laterFailureOf(() => processes(scene.context, 'other'))).code, 'not-found');
  }));

test.run();
