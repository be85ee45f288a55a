import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { defined } from '../../src/defined.ts';

const test = suite('defined()');

test('leaves out what is undefined, and that alone', () => {
  const absent: string | undefined = undefined;
  const result = defined({ a: 1, b: absent, c: null, d: 0, e: '', f: false });
  assert.deepEqual(result, { a: 1, c: null, d: 0, e: '', f: false });
  assert.ok(!Object.hasOwn(result, 'b'));
});

test.run();
