import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { base64 } from '../../../../src/cli/render/base64.ts';

const test = suite('base64');

test('base64() is what everybody else makes of bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'));
    }),
  );
});

test.run();
