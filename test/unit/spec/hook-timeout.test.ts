import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { hookTimeout } from '../../../src/spec/hook-timeout.ts';

const test = suite('hookTimeout()');

test('is what the config says, and nothing where it says nothing', () => {
  assert.equal(hookTimeout({ timeout: 1 }), 1);
  assert.equal(hookTimeout({ timeout: 30 }), 30);
  assert.equal(hookTimeout({}), undefined);
});

test('is none where poll(2) could not be told so many milliseconds', () => {
  assert.equal(hookTimeout({ timeout: 2_147_483 }), 2_147_483);
  assert.equal(hookTimeout({ timeout: 2_147_484 }), undefined);
  assert.equal(hookTimeout({ timeout: Number.MAX_SAFE_INTEGER }), undefined);
});

test.run();
