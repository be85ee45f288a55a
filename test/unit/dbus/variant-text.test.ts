import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { BusValue } from '../../../src/dbus/value.ts';
import { parseVariantText, VariantTextError } from '../../../src/dbus/variant-text.ts';

const test = suite('GVariant text');

/** Text, signature, value. */
const rows: readonly (readonly [string, string, BusValue])[] = [
  ["'a.service'", 's', 'a.service'],
  ['"it\'s \\"so\\"\\n"', 's', 'it\'s "so"\n'],
  ['true', 'b', true],
  ['false', 'b', false],
  ['5', 'i', 5],
  ['-5', 'i', -5],
  ['0x1f', 'i', 31],
  ['uint64 5', 't', 5n],
  ['int64 -5', 'x', -5n],
  ['uint64 18446744073709551615', 't', 2n ** 64n - 1n],
  ['byte 255', 'y', 255],
  ['1.5', 'd', 1.5],
  ['1e3', 'd', 1000],
  ['double 2', 'd', 2],
  ["['a.service', 'b.service']", 'as', ['a.service', 'b.service']],
  ['@as []', 'as', []],
  ['[uint64 1, 2]', 'at', [1n, 2n]],
  ['[byte 1, 2]', 'ay', Uint8Array.of(1, 2)],
  ["('a', 1)", '(si)', ['a', 1]],
  ["<'x'>", 'v', { signature: 's', value: 'x' }],
  ["[('a', uint32 1)]", 'a(su)', [['a', 1]]],
  ["objectpath '/a'", 'o', '/a'],
  [' true ', 'b', true],
];

for (const [text, signature, value] of rows)
  test(text, () => assert.deepEqual(parseVariantText(text), { signature, value }));

const wrong = [
  '',
  'infinity?',
  'yes',
  "'a",
  '[',
  '[]',
  '[1, true]',
  '()',
  '5 6',
  'byte 256',
  'uint32 -1',
  '2147483648',
  'uint64 1.5',
  '@s 5',
  'nothing',
  '<5',
  `${'['.repeat(100)}`,
];
for (const text of wrong)
  test(`${text.slice(0, 20)} is none`, () => assert.throws(() => parseVariantText(text), VariantTextError));

test('whatever the text is, it has a value or an error in words', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    ',',
    "'",
    '"',
    '@as',
    'uint64',
    ' ',
    '1',
    '-',
    '.',
    'true',
    'x',
    '\\',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      try {
        parseVariantText(parts.join(''));
      } catch (error) {
        assert.ok(error instanceof VariantTextError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
