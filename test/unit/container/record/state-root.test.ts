import { strict as assert } from 'node:assert';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { StateRoot } from '../../../../src/container/record/state-root.ts';
import type { FileStatus, Native } from '../../../../src/host/native.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { assertRefused, failureOf } from '../../refusal.ts';
import { native, nativeWith, withDirectory } from '../support.ts';

const test = suite('state-root');

/** A machine on which the directory is of this owner and mode, and user `caller` asks. */
const owned = (uid: number, mode: number, caller: number, more: Partial<Native> = {}) =>
  nativeWith({
    userId: () => caller,
    status: (path, follow) => {
      const status = native.status(path, follow);
      return status && ({ ...status, uid, mode: 0o040000 | mode } as FileStatus);
    },
    readText: () => 'ann:x:1000:1000:::\n',
    ...more,
  });

test('open() is content with root’s and the caller’s own that nobody else can write to', () =>
  withDirectory((directory) => {
    for (const [uid, caller] of [
      [0, 1000],
      [1000, 1000],
    ] as const) {
      const root = new StateRoot(owned(uid, 0o755, caller), directory).open();
      assert.equal(native.readLink(root.directory), native.realPath(directory));
      root.close();
    }
  }));

test('open() refuses what others can write to, a group as well, and says whose hooks could run as whom', () =>
  withDirectory((directory) => {
    const before = openDescriptors(native);
    const refused = (uid: number, mode: number, caller: number, words: RegExp, more?: Partial<Native>) => {
      const open = () => new StateRoot(owned(uid, mode, caller, more), directory).open();
      assertRefused(open, 'invalid', undefined, words);
    };
    refused(0, 0o720, 0, /others can write to it \(its owner is root \(0\), its mode 0720 \(rwx-w----\)\)/);
    refused(0, 0o1702, 0, /others can write to it .* 1702/);
    refused(1000, 0o700, 0, /it belongs to somebody else \(its owner is ann \(1000\), its mode 0700/);
    refused(7, 0o700, 1000, /its owner is user 7,/);
    refused(65534, 0o700, 1000, /its owner is 65534, whom this user namespace does not know/);
    const { hint } = failureOf(() => new StateRoot(owned(7, 0o700, 1000), directory).open());
    assert.match(hint ?? '', /hooks of their own run by ann \(1000\)/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('open() throws what the system says of one that is not there', () =>
  withDirectory((directory) => {
    writeFileSync(`${directory}/file`, '');
    for (const [name, code] of [
      ['gone', /ENOENT/],
      ['file', /ENOTDIR/],
    ] as const)
      assert.throws(() => new StateRoot(native, `${directory}/${name}`).open(), code);
  }));

test('open() does not go on without a procfs to reach it by', () =>
  withDirectory((directory) => {
    const before = openDescriptors(native);
    const blind = nativeWith({ status: () => undefined, fileSystemType: () => 1 });
    assertRefused(() => new StateRoot(blind, directory).open(), 'unsupported', undefined, /no procfs/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('within() closes it whatever happens', () =>
  withDirectory((directory) => {
    const root = new StateRoot(native, directory);
    const before = openDescriptors(native);
    assert.equal(
      root.within(() => 7),
      7,
    );
    const failing = () =>
      root.within(() => {
        throw new Error('use');
      });
    assert.throws(failing, /use/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('make() makes what is missing for its owner alone, and leaves alone what is there', () =>
  withDirectory((directory) => {
    mkdirSync(`${directory}/a`);
    chmodSync(`${directory}/a`, 0o755);
    new StateRoot(native, `${directory}/a/b/c`).make();
    const modes = ['a', 'a/b', 'a/b/c'].map((name) => statSync(`${directory}/${name}`).mode & 0o777);
    assert.deepEqual(modes, [0o755, 0o700, 0o700]);
    new StateRoot(native, `${directory}/a/b/c`).make();
  }));

test('make() is content when somebody else makes it at the same time', () =>
  withDirectory((directory) => {
    const racing = nativeWith({
      makeDirectory: (path, mode) => {
        native.makeDirectory(path, mode);
        native.makeDirectory(path, mode);
      },
    });
    new StateRoot(racing, `${directory}/a/b`).make();
    assert.ok(native.isThere(`${directory}/a/b`));
  }));

test('make() says which directory could not be made, or looked at', () =>
  withDirectory((directory) => {
    const full = nativeWith({
      makeDirectory: (path) => {
        throw systemError('ENOSPC', path);
      },
    });
    const failure = failureOf(() => new StateRoot(full, `${directory}/a/b`).make());
    assert.match(failure.message, /cannot make the state directory ".*\/a": ENOSPC/);
    symlinkSync('loop', `${directory}/loop`);
    const looped = failureOf(() => new StateRoot(native, `${directory}/loop/x`).make());
    assert.match(looped.message, /cannot use the state directory ".*\/loop\/x": ELOOP/);
    assert.match(looped.hint ?? '', /--root/);
  }));

test('directory() is below it, for ids alone', () => {
  const root = new StateRoot(native, '/r');
  assert.equal(root.directory('c'), '/r/c');
  assertRefused(() => root.directory('..'), 'invalid', undefined, /invalid container id/);
});

test.run();
