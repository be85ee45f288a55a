import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { fromBase64, toBase64 } from '../../../src/spec/base64.ts';

const test = suite('base64');

test('toBase64() is what everybody else makes of bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
    }),
  );
});

test('fromBase64() gives the bytes back, and nothing for other text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      assert.deepEqual([...(fromBase64(toBase64(bytes)) ?? [])], [...bytes]);
    }),
  );
  for (const text of ['a', 'ab', 'abc', 'ab=c', 'ab-_', 'abcd=', ' abcd', 'abcd\n'])
    assert.equal(fromBase64(text), undefined, text);
});

test.run();
