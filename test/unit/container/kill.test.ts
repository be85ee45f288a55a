import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { kill } from '../../../src/container/kill.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, endOf, withChild, withScene } from './scene.ts';

const test = suite('kill');

const one = { all: false };
/** Ends nobody who does not ask for it. */
const SIGWINCH = 28;
const all = { all: true };

test('signals the process of the container, and nobody of its cgroup', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid, 4_194_302]);
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      await kill(scene.context, 'c', 15, one);
      assert.equal(endOf(init.pid), 15);
      assert.deepEqual(scene.files.journal, []);
    }),
  ));

test('refuses a container that has stopped, or was never there', () =>
  withScene(async (scene) => {
    await scene.add('c', { init: { pid: 4_194_303, startTime: '1' } });
    const stopped = await laterFailureOf(() => kill(scene.context, 'c', 15, one));
    assert.equal(stopped.code, 'status');
    assert.match(stopped.message, /^container not running: /);
    assert.equal((await laterFailureOf(() => kill(scene.context, 'other', 15, one))).code, 'not-found');
  }));

test('a process that ends under its hands was not running', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init });
      const before = openDescriptors(scene.context.host.native);
      scene.calls.pidfdSend = () => {
        throw systemError('ESRCH', '');
      };
      const refusal = await laterFailureOf(() => kill(scene.context, 'c', 15, one));
      assert.match(refusal.message, /container not running: container "c": process already finished/);
      scene.calls.pidfdSend = () => {
        throw systemError('EPERM', '');
      };
      const thrown = await kill(scene.context, 'c', 15, one).catch((error: unknown) => error);
      assert.match(String(thrown), /EPERM/);
      assert.deepEqual(newDescriptors(scene.context.host.native, before), []);
    }),
  ));

test('SIGKILL lets a v1 freezer go that would hold the killed; another signal does not', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.files.add('/cg/f', { 'freezer.state': 'FROZEN\n', 'cgroup.procs': '' });
      const hierarchies = [{ controllers: ['freezer'], path: '/cg/f' }];
      const cgroup = { ...cgroupAt('c'), mode: 'v1', hierarchies, unified: undefined } as const;
      await scene.add('c', { init, cgroup });
      await kill(scene.context, 'c', SIGWINCH, one);
      assert.deepEqual(scene.files.journal, []);
      await kill(scene.context, 'c', 9, one);
      assert.deepEqual(scene.files.journal, ['write /cg/f/freezer.state THAWED']);
    }),
  ));

test('all: everybody in the cgroup, also when init has ended', () =>
  withScene(async (scene) => {
    scene.addCgroup('c', [4_194_302]);
    await scene.add('c', { init: { pid: 4_194_303, startTime: '1' }, cgroup: cgroupAt('c') });
    await kill(scene.context, 'c', 9, all);
    assert.deepEqual(scene.files.journal, ['write /cg/c/cgroup.kill 1']);
  }));

test('all: with nobody left in a container that has stopped, what was asked for is so', () =>
  withScene(async (scene) => {
    scene.addCgroup('c');
    await scene.add('c', { init: { pid: 4_194_303, startTime: '1' }, cgroup: cgroupAt('c') });
    await kill(scene.context, 'c', 9, all);
    assert.deepEqual(scene.files.journal, []);
  }));

test('all: an init in another cgroup is signalled as well where its own has nobody', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c');
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      await kill(scene.context, 'c', 15, all);
      assert.equal(endOf(init.pid), 15);
    }),
  ));

test('SIGKILL of a container without a pid namespace of its own ends everybody in its cgroup, and init elsewhere', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [4_194_302]);
      await scene.add('c', { init, cgroup: cgroupAt('c'), sharesPids: true });
      await kill(scene.context, 'c', 9, one);
      assert.deepEqual(scene.files.journal, ['write /cg/c/cgroup.kill 1']);
      assert.equal(endOf(init.pid), 9);
    }),
  ));

test('but not those of another container that has the same cgroup, and for no other signal', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid, 4_194_302]);
      await scene.add('c', { init, cgroup: cgroupAt('c'), sharesPids: true });
      await kill(scene.context, 'c', SIGWINCH, one);
      await scene.add('other', { cgroup: cgroupAt('c') });
      await kill(scene.context, 'c', 9, one);
      assert.deepEqual(scene.files.journal, []);
      assert.equal(endOf(init.pid), 9);
    }),
  ));

test.run();
