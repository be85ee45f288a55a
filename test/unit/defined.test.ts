import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defined } from '../../src/defined.ts';

const test = suite('defined()');

test('leaves out what is undefined, and that alone', () => {
  const absent: string | undefined = undefined;
  const result = defined({ a: 1, b: absent, c: null, d: 0, e: '', f: false });
  assert.equal(result, { a: 1, c: null, d: 0, e: '', f: false });
  assert.not(Object.hasOwn(result, 'b'));
});

test.run();
