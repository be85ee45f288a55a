import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { state } from '../../../src/container/state.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, withChild, withScene } from './scene.ts';

const test = suite('state');

test('tells what the specification wants, and whose it is', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init, annotations: { k: 'v' } });
      assert.deepEqual(await state(scene.context, 'c'), {
        ociVersion: '1.3.0',
        id: 'c',
        pid: init.pid,
        status: 'running',
        bundle: '/bundle',
        rootfs: '/bundle/rootfs',
        created: '2026-01-01T00:00:00.000Z',
        annotations: { k: 'v' },
        owner: 'root',
      });
    }),
  ));

test('of one that has stopped no pid is told: the number may be somebody else’s', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init: { ...init, startTime: '1' } });
      const { pid, status } = await state(scene.context, 'c');
      assert.deepEqual([pid, status], [0, 'stopped']);
    }),
  ));

test('a frozen cgroup is a paused container', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [], { 'cgroup.freeze': '1\n', 'cgroup.events': 'frozen 1\n' });
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      assert.equal((await state(scene.context, 'c')).status, 'paused');
    }),
  ));

test('refuses one that is not there', () =>
  withScene(async (scene) => {
    assert.equal((await laterFailureOf(() => state(scene.context, 'c'))).code, 'not-found');
  }));

test.run();
