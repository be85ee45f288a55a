import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { fileKind, isDirectory, isRegularFile, isSocket } from '../../../src/host/file-types.ts';

const test = suite('file types');

/** inode(7), "The file type and mode". */
const rows: readonly (readonly [number, ReturnType<typeof fileKind>])[] = [
  [0o140755, 'socket'],
  [0o120777, 'other'],
  [0o100644, 'file'],
  [0o060660, 'block device'],
  [0o040755, 'directory'],
  [0o020666, 'character device'],
  [0o010644, 'other'],
];

test('a mode says what a file is, whatever its permissions are', () => {
  for (const [mode, kind] of rows) {
    assert.equal(fileKind({ mode }), kind, mode.toString(8));
    assert.equal(isDirectory({ mode }), kind === 'directory');
    assert.equal(isRegularFile({ mode }), kind === 'file');
    assert.equal(isSocket({ mode }), kind === 'socket');
  }
});

test('what is not there is nothing', () => {
  for (const is of [isDirectory, isRegularFile, isSocket]) assert.equal(is(undefined), false);
});

test.run();
