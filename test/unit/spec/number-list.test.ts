import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { needNumberList } from '../../../src/bundle/rules/help.ts';
import { maximumNodes } from '../../../src/spec/kernel-flags.ts';
import { listMask, listNumbers, readNumberList } from '../../../src/spec/number-list.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('number lists');

const rows: Readonly<Record<string, readonly number[]>> = {
  '0': [1, 0],
  '0-3,7': [0b1000_1111, 0],
  '7-8': [0x80, 0x01],
  ' 1 , 15 ': [2, 0x80],
  ' 0-15\n': [255, 255],
  '3-3,3': [8, 0],
};
for (const [list, expected] of Object.entries(rows)) {
  test(`listMask() makes a mask of "${list}"`, () =>
    assert.deepEqual([...listMask(list, 'bits', 16, '/x')], expected));
}

const wrong: Readonly<Record<string, RegExp>> = {
  '': /not a list/,
  ',': /not a list/,
  '1,': /not a list/,
  '-1': /not a list/,
  '3-1': /ends before it starts/,
  '16': /more than Linux has bits: 16 at most/,
  '0-16': /more than/,
  a: /not a list/,
  '0x1': /not a list/,
  '1-2-3': /not a list/,
  '999999': /not a list/,
  '1 2': /not a list/,
  // The kernel refuses these three for a cpuset (EINVAL), and so nobody reads them as a range.
  '0 - 3': /not a list/,
  '0 -3': /not a list/,
  '0- 3': /not a list/,
  // A space for JavaScript, and none for the kernel.
  '\u00a01': /not a list/,
};
for (const [list, words] of Object.entries(wrong)) {
  test(`refuses ${JSON.stringify(list)}`, () => {
    assertRefused(() => listMask(list, 'bits', 16, '/x'), 'invalid', '/x', words);
    assert.match(String(readNumberList(list, 'bits', 16)), words);
  });
}

test('listMask() sets exactly the bits of the list', () => {
  const numbers = fc.array(fc.nat(1023), { minLength: 1 });
  fc.assert(
    fc.property(numbers, (list) => {
      const mask = listMask(list.join(','), 'bits', 1024, '');
      for (let bit = 0; bit < 1024; bit++)
        assert.equal(((mask[bit >> 3] ?? 0) >> (bit & 7)) & 1, list.includes(bit) ? 1 : 0);
    }),
    { numRuns: 30 },
  );
});

test('listNumbers() spells ranges out, and knows a file of the kernel that is empty', () => {
  assert.deepEqual(listNumbers('0-2,5\n', 'CPUs', 8), [0, 1, 2, 5]);
  assert.deepEqual(listNumbers('7', 'CPUs', 8), [7]);
  for (const nothing of [undefined, '', '\n']) assert.equal(listNumbers(nothing, 'CPUs', 8), undefined);
});

test('what the rule lets pass the planner understands, and what it refuses the planner refuses', () => {
  const part = fc.constantFrom(
    '0',
    '3',
    '17',
    '1023',
    '1024',
    '-',
    ',',
    ' ',
    '\t',
    '\u00a0',
    '\u2003',
    'a',
    '+',
  );
  let passed = 0;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const list = parts.join('');
      let reports = 0;
      needNumberList(list, 'memory nodes', '/x', () => reports++);
      let refused = false;
      try {
        listMask(list, 'memory nodes', maximumNodes, '/x');
      } catch {
        refused = true;
      }
      if (!refused) passed++;
      assert.equal(refused, reports > 0, list);
    }),
    { numRuns: 2000, seed: 41 },
  );
  assert.ok(passed > 100, `only ${passed} lists were right`);
});

test.run();
