import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { ownWorkPath, removeOwnWork } from '../../../../src/container/checkpoint/restore-work.ts';
import { isId } from '../../../../src/container/record/identifier.ts';
import { failureOf } from '../../refusal.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('restore-work');

test('the name is nobody’s state: no id can be it', () => {
  const path = ownWorkPath('/root', 'c');
  assert.equal(path.slice(0, path.lastIndexOf('/')), '/root');
  assert.equal(isId(path.slice('/root/'.length)), false);
});

test('removeOwnWork() takes the logs with it, and says what it could not remove', () =>
  withDirectory((directory) => {
    const path = ownWorkPath(directory, 'c');
    mkdirSync(path);
    writeFileSync(`${path}/restore.log`, '');
    removeOwnWork(native, path);
    assert.equal(existsSync(path), false);
    assert.match(failureOf(() => removeOwnWork(native, path)).message, /cannot list .*ENOENT/);
    mkdirSync(`${path}/sub`, { recursive: true });
    failureOf(() => removeOwnWork(native, path));
    assert.ok(existsSync(`${path}/sub`), 'nothing but files is ours');
  }));

test.run();
