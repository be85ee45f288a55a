import { strict as assert } from 'node:assert';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import {
  checkDirectory,
  openPlainFile,
  readPlainFile,
} from '../../../../src/container/checkpoint/private-directory.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { assertRefused, failureOf } from '../../refusal.ts';
import { native, nativeWith, withDirectory } from '../support.ts';

const test = suite('private-directory');
const check = (path: string, machine = native) => checkDirectory(machine, path, '--image-path');

test('checkDirectory() lets files, directories and an earlier checkpoint pass', () =>
  withDirectory((directory) => {
    mkdirSync(`${directory}/before`, { mode: 0o700 });
    mkdirSync(`${directory}/now/sub`, { recursive: true, mode: 0o700 });
    writeFileSync(`${directory}/now/core-1.img`, '');
    symlinkSync('../before', `${directory}/now/parent`);
    const before = openDescriptors(native);
    check(`${directory}/now`);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('checkDirectory() refuses a directory that others can change, and says whose it is', () =>
  withDirectory((directory) => {
    const before = openDescriptors(native);
    for (const mode of [0o720, 0o702]) {
      chmodSync(directory, mode);
      assertRefused(() => check(directory), 'invalid', undefined, /others can change what is in it/);
    }
    assert.match(failureOf(() => check(directory)).message, /mode 702/);
    chmodSync(directory, 0o755);
    check(directory);
    const strange = nativeWith({
      status: (path, follow) => {
        const status = native.status(path, follow);
        return status && ({ ...status, uid: 4_000_000 } as FileStatus);
      },
    });
    assertRefused(() => check(directory, strange), 'invalid', undefined, /owner 4000000/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('checkDirectory() refuses what CRIU would follow or wait for', () =>
  withDirectory((directory) => {
    symlinkSync('/etc/passwd', `${directory}/core-1.img`);
    const failure = failureOf(() => check(directory));
    assert.match(failure.message, /\/core-1\.img" is not a file, which is all that a checkpoint holds/);
  }));

test('checkDirectory() looks through all that is built upon, and says where in it something is wrong', () =>
  withDirectory((directory) => {
    for (const name of ['a', 'b', 'c']) mkdirSync(`${directory}/${name}`, { mode: 0o700 });
    symlinkSync('../b', `${directory}/a/parent`);
    symlinkSync('../c', `${directory}/b/parent`);
    symlinkSync('/etc/passwd', `${directory}/c/x.img`);
    const before = openDescriptors(native);
    assert.match(
      failureOf(() => check(`${directory}/a`)).message,
      /\/a\/parent\/parent\/x\.img" is not a file/,
    );
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('checkDirectory() does not go round in a circle of checkpoints forever', () =>
  withDirectory((directory) => {
    symlinkSync('.', `${directory}/parent`);
    const before = openDescriptors(native);
    assertRefused(() => check(directory), 'invalid', undefined, /builds upon more than 256 others/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('checkDirectory() says which directory is not there', () => {
  assertRefused(
    () => check('/nowhere/images'),
    'invalid',
    undefined,
    /^--image-path "\/nowhere\/images": ENOENT/,
  );
});

test('a plain file is read; what is not there is nothing; a link or a directory is refused', () =>
  withDirectory((directory) => {
    writeFileSync(`${directory}/file`, 'text');
    symlinkSync('file', `${directory}/link`);
    const read = (name: string) => readPlainFile(native, `${directory}/${name}`, name);
    const before = openDescriptors(native);
    assert.equal(read('file'), 'text');
    assert.equal(read('gone'), undefined);
    assertRefused(() => read('link'), 'invalid', undefined, /cannot read "link": ELOOP/);
    assertRefused(() => read('.'), 'invalid', undefined, /"\." is not a file/);
    assert.equal(openPlainFile(native, `${directory}/gone`, 'gone'), undefined);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('a file that is too long to be ours is refused, and closed', () =>
  withDirectory((directory) => {
    writeFileSync(`${directory}/long`, 'x'.repeat(1024 * 1024 + 1));
    const before = openDescriptors(native);
    const read = () => readPlainFile(native, `${directory}/long`, 'long');
    assertRefused(read, 'invalid', undefined, /cannot read "long": EFBIG/);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test.run();
