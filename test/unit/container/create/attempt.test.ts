import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import { type Attempt, attempt } from '../../../../src/container/create/attempt.ts';
import { identify } from '../../../../src/container/process/process-identity.ts';
import { Store } from '../../../../src/container/record/store.ts';
import { Failure } from '../../../../src/failure.ts';
import { laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('attempt');

const broken = () => new Failure('system', 'a later step failed');
const own = () => {
  const init = identify(native, native.processId());
  if (init === undefined) throw new Error('we are not there');
  return init;
};

/** A cgroup that remembers what is done to it. */
class Remembering {
  readonly done: string[] = [];
  readonly saved = {};
  checkUnused = (): void => void this.done.push('check');
  delete = async (): Promise<void> => void this.done.push('delete');
  undoCreate = (): unknown[] => {
    this.done.push('undo');
    return [];
  };

  get cgroup(): Cgroup {
    return this as unknown as Cgroup;
  }
}

test('attempt() gives what was made, and the record stays', () =>
  withDirectory(async (root) => {
    const made = await attempt(contextOn(root), recordOf('a'), async (attempted) => {
      attempted.claim(new Remembering().cgroup);
      attempted.prepare(own());
      assert.equal(new Store(native, root).read('a').init, undefined);
      attempted.commit(join(root, 'pid'));
      return 7;
    });
    assert.equal(made, 7);
    assert.deepEqual(new Store(native, root).read('a').init, own());
    assert.equal(new Store(native, root).isLocked('a'), false);
    assert.ok(existsSync(join(root, 'pid')));
  }));

/** What may have been done when it fails. */
const steps: Readonly<Record<string, (attempted: Attempt, root: string, cgroup: Remembering) => void>> = {
  nothing: () => undefined,
  'the claim': (attempted, _, cgroup) => attempted.claim(cgroup.cgroup),
  'the cgroup': (attempted, _, cgroup) => {
    attempted.claim(cgroup.cgroup);
    attempted.ownCgroup(cgroup.cgroup);
  },
  'the process, written down': (attempted, _, cgroup) => {
    attempted.claim(cgroup.cgroup);
    attempted.ownCgroup(cgroup.cgroup);
    attempted.prepare(own());
  },
  'the pid file': (attempted, root, cgroup) => {
    attempted.claim(cgroup.cgroup);
    attempted.ownCgroup(cgroup.cgroup);
    attempted.prepare(own());
    attempted.commit(join(root, 'pid'));
  },
};
for (const [last, act] of Object.entries(steps)) {
  test(`what fails after ${last} leaves nothing`, () =>
    withDirectory(async (root) => {
      const cgroup = new Remembering();
      const error = broken();
      const thrown = await laterFailureOf(() =>
        attempt(contextOn(root), recordOf('a'), async (attempted) => {
          act(attempted, root, cgroup);
          throw error;
        }),
      );
      assert.equal(thrown, error);
      assert.deepEqual(readdirSync(root), []);
      assert.equal(cgroup.done.includes('delete'), ['nothing', 'the claim'].includes(last) === false);
    }));
}

test('a process that ended before it was written down is no container', () =>
  withDirectory(async (root) => {
    const thrown = await laterFailureOf(() =>
      attempt(contextOn(root), recordOf('a'), async (attempted) => {
        attempted.claim(new Remembering().cgroup);
        attempted.prepare(undefined);
        attempted.commit(undefined);
      }),
    );
    assert.match(String(thrown), /died before it was recorded/);
    assert.deepEqual(readdirSync(root), []);
  }));

test('what cannot be undone rides beside the failure, and the rest is undone', () =>
  withDirectory(async (root) => {
    const stuck = new Error('stuck');
    const thrown = await laterFailureOf(() =>
      attempt(contextOn(root), recordOf('a'), async (attempted) => {
        attempted.undo.add(() => Promise.reject(stuck));
        throw broken();
      }),
    );
    assert.ok(thrown instanceof Failure);
    assert.deepEqual((thrown as Failure).cleanup, [stuck]);
    assert.deepEqual(readdirSync(root), []);
  }));

/** Its poststop hook is one that fails, which is a warning. */
const withPoststop = recordOf('a', { poststop: [{ path: '/bin/false' }] });

test('poststop hooks run where others have begun, and nowhere else', () =>
  withDirectory(async (root) => {
    for (const begun of [false, true]) {
      const warned: string[] = [];
      await laterFailureOf(() =>
        attempt(contextOn(root, warned), withPoststop, async (attempted) => {
          if (begun) attempted.beginHooks();
          throw broken();
        }),
      );
      assert.equal(warned.length, begun ? 1 : 0);
    }
  }));

test('of one that was deleted by force meanwhile another container of that name keeps all', () =>
  withDirectory(async (root) => {
    const warned: string[] = [];
    const cgroup = new Remembering();
    const context = contextOn(root, warned);
    const thrown = await laterFailureOf(() =>
      attempt(context, withPoststop, async (attempted) => {
        attempted.claim(cgroup.cgroup);
        attempted.ownCgroup(cgroup.cgroup);
        attempted.beginHooks();
        rmSync(join(root, 'a'), { recursive: true });
        const lock = await new Store(native, root).reserve(context.host.wait, 'a');
        writeFileSync(join(root, 'a/state.json'), 'of another');
        lock.release();
        throw broken();
      }),
    );
    assert.match(String(thrown), /"a" was deleted by force while it was created/);
    assert.deepEqual(readdirSync(join(root, 'a')), ['state.json']);
    assert.deepEqual(cgroup.done, ['check', 'undo']);
    assert.deepEqual(warned, [], 'the hooks are of whoever deleted it');
  }));

test('moved devices go back when it fails, and are let go when it works', () =>
  withDirectory(async (root) => {
    const told: string[] = [];
    const moved = { keep: () => void told.push('keep'), takeBack: () => void told.push('take back') };
    await laterFailureOf(() =>
      attempt(contextOn(root), recordOf('a'), async (attempted) => {
        attempted.ownDevices(moved);
        throw broken();
      }),
    );
    await attempt(contextOn(root), recordOf('b'), async (attempted) => attempted.ownDevices(moved));
    assert.deepEqual(told, ['take back', 'keep']);
  }));

test.run();
