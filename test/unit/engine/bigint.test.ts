/**
 * Numbers and bigints compared, as rules do with what JSON had: QuickJS-ng 0.18.0 forgot the sign
 * (scripts/engine/translate.ts repairs it).
 */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';

const test = suite('bigints beside numbers');

const integers = [0n, 1n, 3n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n, 2n ** 100n].flatMap(
  (each) => [each, -each],
);
const numbers = [
  0,
  0.5,
  1,
  3.5,
  2 ** 31,
  4294967297,
  9223372036,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  2 ** 100,
  1e300,
  Infinity,
].flatMap((each) => [each, -each]);

/** Below 0, 0 or above, without a comparison of the two kinds. */
function order(integer: bigint, number: number): number {
  if (!Number.isFinite(number)) return number > 0 ? -1 : 1;
  const whole = BigInt(Math.floor(number));
  if (integer !== whole) return integer < whole ? -1 : 1;
  return number > Math.floor(number) ? -1 : 0;
}

test('every comparison says what the order is', () => {
  for (const integer of integers)
    for (const number of numbers) {
      const wanted = order(integer, number);
      const name = `${integer} and ${number}`;
      assert.equal(integer < number, wanted < 0, `${name}: <`);
      assert.equal(integer > number, wanted > 0, `${name}: >`);
      assert.equal(integer <= number, wanted <= 0, `${name}: <=`);
      assert.equal(integer >= number, wanted >= 0, `${name}: >=`);
      assert.equal(number < integer, wanted > 0, `${name}: < the other way`);
      // biome-ignore lint/suspicious/noDoubleEquals: that of two kinds is what is asked
      assert.equal((integer as unknown) == number, wanted === 0, `${name}: ==`);
    }
});

test.run();
