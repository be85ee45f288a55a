import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { checkId, isId } from '../../../../src/container/record/identifier.ts';
import { assertRefused, failureOf } from '../../refusal.ts';

const test = suite('identifier');

for (const id of ['a', '-', '+', '_', '...', '.a', 'a.b-c_d+e', 'A9', '-rf', 'x'.repeat(255)])
  test(`isId() takes ${id.slice(0, 20)}`, () => assert.ok(isId(id)));

for (const id of [
  '',
  '.',
  '..',
  'a/b',
  '/',
  '../x',
  'a b',
  'a\n',
  '\n',
  'a\0',
  'ä',
  'a:b',
  '%',
  'x'.repeat(256),
])
  test(`isId() refuses ${JSON.stringify(id.slice(0, 20))}`, () => {
    assert.ok(!isId(id));
    assertRefused(() => checkId(id), 'invalid', undefined, /invalid container id/);
  });

test('isId() takes nothing that could be more than one file name below a directory', () => {
  const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('/', '..', '.', '\0', '\n', 'a'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const id = pieces.join('');
      if (!isId(id)) return;
      assert.match(id, /^[A-Za-z0-9_+.-]+$/);
      assert.doesNotMatch(id, /\n/);
      assert.ok(id !== '.' && id !== '..' && Buffer.byteLength(id) <= 255);
    }),
    { numRuns: 300 },
  );
});

test('checkId() shows a long id cut, and what an id may be', () => {
  const failure = failureOf(() => checkId(`${'x'.repeat(5000)}/`));
  assert.ok(failure.message.length < 150);
  assert.match(failure.hint ?? '', /1 to 255 characters/);
});

test.run();
