import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { remove } from '../../../src/container/remove.ts';
import { Failure } from '../../../src/failure.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, endOf, type Scene, withChild, withScene } from './scene.ts';

const test = suite('remove');

const gently = { force: false };
const byForce = { force: true };
/** A process that has ended. */
const ended = { pid: 4_194_303, startTime: '1' };
/** Its failure is a warning, which tells that it ran. */
const poststop = [{ path: '/bin/false' }];
const ran = (scene: Scene) => scene.warned.filter((each) => each.startsWith('hooks.poststop')).length;

test('undoes what create did, from the cgroup to the poststop hooks, which come last', () =>
  withScene(async (scene) => {
    const { root } = scene.context;
    scene.addCgroup('c');
    mkdirSync(`${root}/rdt`, { recursive: true });
    writeFileSync(`${root}/.pid.c`, '');
    await scene.add('c', {
      init: ended,
      cgroup: cgroupAt('c'),
      resctrl: [`${root}/rdt`],
      temporary: `${root}/.pid.c`,
      poststop,
    });
    const { warn } = scene.context;
    const seen: boolean[] = [];
    const context = {
      ...scene.context,
      warn: (message: string) => {
        seen.push(existsSync(`${root}/c`));
        warn(message);
      },
    };
    await remove(context, 'c', gently);
    assert.deepEqual(scene.files.journal, ['rmdir /cg/c']);
    assert.deepEqual(
      [existsSync(`${root}/rdt`), existsSync(`${root}/.pid.c`), existsSync(`${root}/c`)],
      [false, false, false],
    );
    assert.equal(ran(scene), 1);
    assert.deepEqual(seen, [false], 'the container was gone when its hooks ran');
  }));

test('refuses a container that runs, and changes nothing of it', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid]);
      await scene.add('c', { init, cgroup: cgroupAt('c'), poststop });
      const refusal = await laterFailureOf(() => remove(scene.context, 'c', gently));
      assert.equal(refusal.code, 'status');
      assert.match(refusal.message, /not stopped but running/);
      assert.deepEqual(scene.files.journal, []);
      assert.deepEqual([...scene.ids], ['c']);
      assert.equal(ran(scene), 0);
      assert.equal(scene.store.isLocked('c'), false);
    }),
  ));

test('by force its process is killed first', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init });
      await remove({ ...scene.context, onExit: () => undefined }, 'c', byForce);
      assert.equal(endOf(init.pid), 9);
      assert.deepEqual([...scene.ids], []);
    }),
  ));

test('a child of ours is reaped, unless somebody asked to be told of its end', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init });
      await remove(scene.context, 'c', byForce);
      assert.throws(() => endOf(init.pid), /ECHILD/);
    }),
  ));

test('one that is not there is fine by force, and refused otherwise', () =>
  withScene(async (scene) => {
    await remove(scene.context, 'c', byForce);
    assert.equal((await laterFailureOf(() => remove(scene.context, 'c', gently))).code, 'not-found');
  }));

test('something else of that name is no container, and is left alone', () =>
  withScene(async (scene) => {
    const { root } = scene.context;
    mkdirSync(root, { recursive: true });
    writeFileSync(`${root}/c`, 'mine');
    symlinkSync('.', `${root}/link`);
    for (const id of ['c', 'link']) {
      const refusal = await laterFailureOf(() => remove(scene.context, id, byForce));
      assert.match(refusal.message, /is no directory, and so not the state of a container/);
      assert.ok(existsSync(`${root}/${id}`));
    }
  }));

test('a directory of which a killed create recorded nothing goes by force', () =>
  withScene(async (scene) => {
    mkdirSync(`${scene.context.root}/c`, { recursive: true });
    await remove(scene.context, 'c', byForce);
    assert.deepEqual([...scene.ids], []);
  }));

test('what fails on the way leaves the record, for the next try, and runs no hooks', () =>
  withScene(async (scene) => {
    scene.addCgroup('c');
    await scene.add('c', { init: ended, cgroup: cgroupAt('c'), poststop });
    scene.files.refuse = (action) => (action.startsWith('rmdir') ? 'EPERM' : undefined);
    await laterFailureOf(() => remove(scene.context, 'c', gently));
    assert.deepEqual([...scene.ids], ['c']);
    assert.equal(ran(scene), 0);
    assert.equal(scene.store.isLocked('c'), false);
    scene.files.refuse = () => undefined;
    await remove(scene.context, 'c', gently);
    assert.equal(ran(scene), 1);
  }));

test('by force it takes the place of whoever does not let go of the lock, after a courtesy', () =>
  withScene(async (scene) => {
    await scene.add('c', { init: ended, poststop });
    const other = await scene.store.lock(scene.context.host.wait, 'c');
    let waited = 0;
    const pause = async (milliseconds: number) => {
      waited += milliseconds;
    };
    const { host } = scene.context;
    await remove({ ...scene.context, host: { ...host, wait: { ...host.wait, pause } } }, 'c', byForce);
    assert.ok(waited >= 100, String(waited));
    assert.equal(ran(scene), 1);
    assert.equal(other.isCurrent(), false);
    other.release();
  }));

test('of two that delete it at the same time, one runs the hooks', () =>
  withScene(async (scene) => {
    scene.addCgroup('c');
    await scene.add('c', { init: ended, cgroup: cgroupAt('c'), poststop });
    scene.files.refuse = (action) => {
      if (action.startsWith('rmdir')) rmSync(`${scene.context.root}/c`, { recursive: true });
      return undefined;
    };
    await remove(scene.context, 'c', byForce);
    assert.equal(ran(scene), 0);
  }));

test('tells of a program that has just ended for want of memory, and of no other', () =>
  withScene(async (scene) => {
    const oom = { 'memory.stat': '', 'memory.current': '1\n', 'memory.max': '4096\n' };
    for (const [id, kills, how] of [
      ['a', 1, { force: true, ended: true }],
      ['b', 0, { force: true, ended: true }],
      ['d', 1, byForce],
    ] as const) {
      scene.addCgroup(id, [], { ...oom, 'memory.events': `oom_kill ${kills}\n` });
      await scene.add(id, { init: ended, cgroup: cgroupAt(id) });
      await remove(scene.context, id, how);
    }
    assert.equal(scene.warned.length, 1);
    assert.match(scene.warned[0] ?? '', /^container "a": the kernel killed 1 of its processes: .*4 KiB/);
  }));

test('a record that cannot be worked with is refused, and by force what is known of it goes', () =>
  withScene(async (scene) => {
    await scene.add('c');
    writeFileSync(`${scene.context.root}/c/state.json`, '{');
    const refusal = await laterFailureOf(() => remove(scene.context, 'c', gently));
    assert.ok(refusal instanceof Failure);
    assert.match(refusal.message, /is damaged/);
    scene.calls.fileSystemType = (path) => {
      throw systemError('ENOENT', path);
    };
    await remove(scene.context, 'c', byForce);
    assert.deepEqual([...scene.ids], []);
    assert.match(scene.warned[0] ?? '', /is damaged/);
    assert.match(
      scene.warned.at(-1) ?? '',
      /what stays of container "c": its cgroup and the processes in it/,
    );
  }));

test.run();
