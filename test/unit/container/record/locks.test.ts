/** Tests also: src/container/record/lock.ts src/container/record/store-failure.ts */

import { strict as assert } from 'node:assert';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { Locks } from '../../../../src/container/record/locks.ts';
import { StateRoot } from '../../../../src/container/record/state-root.ts';
import type { Native } from '../../../../src/host/native.ts';
import { blockingWait } from '../../../../src/host/wait.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { laterFailureOf } from '../../refusal.ts';
import { native, nativeWith, withDirectory } from '../support.ts';

const test = suite('locks');
const wait = blockingWait(native);

/** Locks of a root, where some calls are the test's; nothing stays open. */
const withLocks = (calls: Partial<Native>, body: (locks: Locks, root: string) => unknown) =>
  withDirectory(async (directory) => {
    const machine = nativeWith(calls);
    const before = openDescriptors(native);
    await body(new Locks(machine, new StateRoot(machine, `${directory}/r`)), `${directory}/r`);
    assert.deepEqual(newDescriptors(native, before), []);
  });

test('there is no lock of a container that is not there', () =>
  withLocks({}, async (locks, root) => {
    for (const each of [await locks.take(wait, 'c'), locks.tryTake('c'), locks.takeOver('c')])
      assert.equal(each, undefined);
    mkdirSync(root);
    writeFileSync(`${root}/c`, '');
    assert.equal(locks.tryTake('c'), undefined, 'a file is no container');
  }));

test('a lock is one’s own until it is released, and the next one’s then', () =>
  withLocks({}, async (locks, root) => {
    const lock = await locks.reserve(wait, 'c');
    assert.equal(locks.held('c'), lock);
    const others = new Locks(native, new StateRoot(native, root));
    assert.equal(others.tryTake('c'), 'busy');
    lock.release();
    lock.release();
    assert.equal(locks.held('c'), undefined);
    const next = others.tryTake('c');
    assert.ok(next !== 'busy' && next !== undefined);
    next.release();
  }));

test('takeOver() does not wait, and whoever is later removed finds that out', () =>
  withLocks({}, async (locks, root) => {
    const first = await locks.reserve(wait, 'c');
    const others = new Locks(native, new StateRoot(native, root));
    const second = others.takeOver('c');
    assert.ok(second?.isCurrent());
    rmSync(`${root}/c`, { recursive: true });
    mkdirSync(`${root}/c`);
    assert.deepEqual(
      [first.isCurrent(), second?.isCurrent()],
      [false, false],
      'another directory has the name',
    );
    first.release();
    second?.release();
    assert.equal(first.isCurrent(), false);
  }));

test('a directory that was removed while somebody waited for its lock is no container', () =>
  withLocks({}, async (locks, root) => {
    mkdirSync(`${root}/c`, { recursive: true });
    const removing = {
      lock: async () => {
        rmSync(`${root}/c`, { recursive: true, force: true });
        return () => undefined;
      },
    };
    assert.equal(await locks.take(removing, 'c'), undefined);
  }));

test('a directory that others put in the place of a new one is not taken: the id is in use', () =>
  withLocks({}, async (locks, root) => {
    let made = 0;
    const overtaken = {
      lock: async (_descriptor: number, name: string) => {
        if (made++ === 0) {
          renameSync(name, `${root}/.gone`);
          mkdirSync(name);
          writeFileSync(`${name}/state.json`, 'of another');
        }
        return () => undefined;
      },
    };
    const refusal = await laterFailureOf(() => locks.reserve(overtaken, 'c'));
    assert.equal(refusal.code, 'exists');
    assert.deepEqual(native.readDirectory(`${root}/c`), ['state.json']);
  }));

test('what cannot be locked is made and taken away again, under the name that people know', () =>
  withLocks({}, async (locks, root) => {
    const short = {
      lock: async (): Promise<never> => {
        throw systemError('ENOLCK', '/proc/self/fd/9');
      },
    };
    const failure = await laterFailureOf(() => locks.reserve(short, 'c'));
    assert.match(failure.message, /cannot lock the state directory ".*\/r\/c": ENOLCK: .*\/r/);
    assert.deepEqual(native.readDirectory(root), []);
  }));

test('one that cannot be taken away again rides beside that', () => {
  const removeDirectory = (path: string): never => {
    throw systemError('EROFS', path);
  };
  return withLocks({ removeDirectory }, async (locks) => {
    const lock = async (): Promise<never> => {
      throw systemError('ENOLCK', '');
    };
    const failure = await laterFailureOf(() => locks.reserve({ lock }, 'c'));
    assert.match(String(failure.cleanup[0]), /EROFS/);
  });
});

test('a directory that may not be opened is named as people know it, and what to do where something helps', async () => {
  for (const [code, hint] of [['EACCES'], ['EMFILE', /ulimit/]] as const) {
    const open = (path: string, flags: number, mode: number): number => {
      if (path.endsWith('/c')) throw systemError(code, path);
      return native.open(path, flags, mode);
    };
    await withLocks({ open }, async (locks, root) => {
      mkdirSync(`${root}/c`, { recursive: true });
      for (const act of [() => locks.take(wait, 'c'), () => locks.tryTake('c'), () => locks.takeOver('c')]) {
        const failure = await laterFailureOf(act);
        assert.deepEqual([failure.code, failure.errno], ['system', code]);
        assert.ok(
          failure.message.startsWith(`cannot open the state directory "${root}/c": ${code}: `),
          failure.message,
        );
        assert.doesNotMatch(failure.message, /\/proc\/self/);
        if (hint === undefined) assert.equal(failure.hint, undefined);
        else assert.match(failure.hint ?? '', hint);
      }
    });
  }
});

test('a directory that cannot be made is named', () =>
  withLocks(
    {
      makeDirectory: (path, mode) => {
        if (path.endsWith('/c')) throw systemError('ENOSPC', path);
        native.makeDirectory(path, mode);
      },
    },
    async (locks) => {
      const failure = await laterFailureOf(() => locks.reserve(wait, 'c'));
      assert.equal(failure.errno, 'ENOSPC');
      assert.match(failure.message, /cannot make the state directory ".*\/r\/c": ENOSPC: .*\/r\/c/);
    },
  ));

test('asking whether it is free leaves no descriptor, also when that fails', () =>
  withLocks(
    {
      lock: () => {
        throw systemError('ENOLCK', '');
      },
    },
    async (locks, root) => {
      mkdirSync(`${root}/c`, { recursive: true });
      assert.throws(() => locks.tryTake('c'), /ENOLCK/);
    },
  ));

test.run();
