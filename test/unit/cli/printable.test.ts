import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { escaped, isDangerous, printable } from '../../../src/cli/printable.ts';

const test = suite('printable');

test('printable() shows control characters instead of sending them to a terminal', () => {
  assert.equal(printable('a\u001b[31mb\u009bc\rd\u0000\u007f'), 'a\\x1b[31mb\\x9bc\\x0dd\\x00\\x7f');
  assert.equal(printable('a\u202eb\u2028\u{e0041}\ud800'), 'a\\u202eb\\u2028\\u{e0041}\\ud800');
  assert.equal(printable('one\ntwo\tthree\n'), 'one\n  two\tthree\n');
});

test('escaped() keeps documents what they are', () => {
  const value = { a: 'x\u009b\u202e\u2066\u007f\u{e0041}\u001b[2J', 'b\u202d': 'grün 日本 😀' };
  const text = escaped(JSON.stringify(value, null, 2));
  assert.deepEqual(JSON.parse(text), value);
  assert.match(text, /grün 日本 😀/);
  assert.ok(!isDangerous(text));
});

test('nothing dangerous is left of any text, and any document means the same', () => {
  const seen = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.ok(!seen.test(printable(text)) && !seen.test(escaped(text)));
      assert.equal(isDangerous(text), seen.test(text));
      assert.equal(JSON.parse(escaped(JSON.stringify(text))), text);
    }),
  );
});

test('every character that sets a direction is among them', () => {
  for (const character of '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069')
    assert.ok(isDangerous(character), character.codePointAt(0)?.toString(16));
  for (const text of ['plain', 'tab\tand\nlines', 'grün', 'שלום', '日本', '😀'])
    assert.ok(!isDangerous(text), text);
});

test.run();
