import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { modeText } from '../../../../src/container/record/mode-text.ts';

const test = suite('mode-text');

test('modeText() gives a number for chmod, and letters for people', () => {
  assert.equal(modeText(0o775), '0775 (rwxrwxr-x)');
  assert.equal(modeText(0o1720), '1720 (rwx-w----)');
  assert.equal(modeText(0o104), '0104 (--x---r--)');
  assert.equal(modeText(0), '0000 (---------)');
});

test.run();
