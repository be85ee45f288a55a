import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listMask } from '../../../src/plan/number-list.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('listMask()');

const rows: Readonly<Record<string, readonly number[]>> = {
  '0': [1, 0],
  '0-3,7': [0b1000_1111, 0],
  '7-8': [0x80, 0x01],
  ' 1 , 15 ': [2, 0x80],
  '0-15': [255, 255],
  '3-3,3': [8, 0],
};
for (const [list, expected] of Object.entries(rows)) {
  test(`makes a mask of "${list}"`, () => assert.equal([...listMask(list, 16, '/x')], expected));
}

for (const list of ['', ',', '1,', '-1', '3-1', '16', '0-16', 'a', '0x1', '1-2-3', '999999', '1 2']) {
  test(`refuses "${list}"`, () => {
    assertRefused(() => listMask(list, 16, '/x'), 'invalid', '/x', /list of numbers below 16/);
  });
}

test('sets exactly the bits of the list', () => {
  const numbers = fc.array(fc.nat(1023), { minLength: 1 });
  fc.assert(
    fc.property(numbers, (list) => {
      const mask = listMask(list.join(','), 1024, '');
      for (let bit = 0; bit < 1024; bit++)
        assert.is(((mask[bit >> 3] ?? 0) >> (bit & 7)) & 1, list.includes(bit) ? 1 : 0);
    }),
    { numRuns: 30 },
  );
});

test.run();
