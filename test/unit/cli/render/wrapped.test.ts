import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { wrapped } from '../../../../src/cli/render/wrapped.ts';

const test = suite('wrapped');

test('wrapped() fills lines up to the width and not beyond', () => {
  assert.deepEqual(wrapped('aa bb cc dd', 5), ['aa bb', 'cc dd']);
  assert.deepEqual(wrapped('aa bb cc dd', 4), ['aa', 'bb', 'cc', 'dd']);
  assert.deepEqual(wrapped('aa bb', 80), ['aa bb']);
});

test('wrapped() gives a word that is too long a line to itself, whole', () => {
  assert.deepEqual(wrapped('see /a/very/long/path for it', 8), ['see', '/a/very/long/path', 'for it']);
  assert.deepEqual(wrapped('/a/very/long/path', 8), ['/a/very/long/path']);
});

test('wrapped() of nothing is one empty line', () => {
  assert.deepEqual(wrapped('', 10), ['']);
});

test('of any words none is lost, and no line that has two is too long', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 40 }), (list, width) => {
      const lines = wrapped(list.join(' '), width);
      assert.equal(lines.join(' '), list.join(' '));
      for (const line of lines) assert.ok(line.length <= width || !line.includes(' '), line);
    }),
  );
});

test.run();
