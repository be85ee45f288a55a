import { strict as assert } from 'node:assert';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import {
  createNotifyFiles,
  notifyDirectory,
  notifySocketPath,
  removeNotifyFiles,
} from '../../../../src/container/record/notify-files.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('notify-files');

test('the directory is for anybody to look into, whatever the umask', () =>
  withDirectory((directory) => {
    const before = native.umask(0o077);
    try {
      createNotifyFiles(native, directory);
    } finally {
      native.umask(before);
    }
    const made = notifyDirectory({ directory: () => directory }, 'c');
    assert.equal(statSync(made).mode & 0o777, 0o755);
    assert.ok(notifySocketPath({ heldDirectory: () => directory }, 'c').startsWith(`${made}/`));
  }));

test('it goes with its socket; that it was never there is fine', () =>
  withDirectory((directory) => {
    removeNotifyFiles(native, directory);
    createNotifyFiles(native, directory);
    writeFileSync(notifySocketPath({ heldDirectory: () => directory }, 'c'), '');
    removeNotifyFiles(native, directory);
    assert.deepEqual(readdirSync(directory), []);
  }));

test('what the container put there goes, links as themselves, directories of its own with what is in them', () =>
  withDirectory((directory) => {
    mkdirSync(`${directory}/host`);
    writeFileSync(`${directory}/host/kept`, '');
    createNotifyFiles(native, directory);
    const inside = notifyDirectory({ directory: () => directory }, 'c');
    writeFileSync(`${inside}/file`, '');
    symlinkSync('../host', `${inside}/link`);
    mkdirSync(`${inside}/empty`);
    removeNotifyFiles(native, directory);
    assert.deepEqual(readdirSync(directory), ['host']);
    assert.deepEqual(readdirSync(`${directory}/host`), ['kept']);
    createNotifyFiles(native, directory);
    mkdirSync(`${inside}/deep/below`, { recursive: true });
    symlinkSync('../../../host', `${inside}/deep/below/link`);
    symlinkSync('../../host/kept', `${inside}/deep/link`);
    removeNotifyFiles(native, directory);
    assert.deepEqual(readdirSync(directory), ['host']);
    assert.deepEqual(readdirSync(`${directory}/host`), ['kept']);
  }));

test.run();
