import type { Integer64 } from '../../spec/config.ts';

const LARGEST = 2n ** 64n - 1n;

/** The exact digits of a 64-bit field: never an exponent, never more than the kernel can parse. */
export function digits(value: Integer64): string {
  const exact = BigInt(value);
  return (exact > LARGEST ? LARGEST : exact).toString();
}

/** True when a field is there and not 0: in most of the specification's limits 0 means "not set". */
export function isSet(value: Integer64 | undefined): value is Integer64 {
  return value !== undefined && BigInt(value) !== 0n;
}
