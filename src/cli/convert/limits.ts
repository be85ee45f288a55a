/** Numbers of the options of `update`. JavaScript numbers end at 2^53: larger ones become bigints. */
import { Failure } from '../../failure.ts';

const powers = ['', 'k', 'm', 'g', 't', 'p'];
const sizeForm = /^(\d+)(?:\.(\d{1,9}))?\s?([kmgtp])?(?:i?b)?$/i;
const largest = 2n ** 63n - 1n;

function narrowed(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -1n ? Number(value) : value;
}

/** Bytes: `1048576`, `64M`, `1.5GiB` (powers of 1024), `-1` for no limit. Throws `Failure` `invalid`. */
export function size(option: string, given: string): number | bigint {
  if (given === '-1') return -1;
  const match = sizeForm.exec(given);
  const [, digits = '', fraction = '', unit = ''] = match ?? [];
  const factor = 1024n ** BigInt(powers.indexOf(unit.toLowerCase()));
  const scale = 10n ** BigInt(fraction.length);
  const bytes = match === null ? -1n : (BigInt(digits + fraction) * factor) / scale;
  if (bytes >= 0n && bytes <= largest) return narrowed(bytes);
  throw new Failure(
    'invalid',
    `--${option} "${given}": wanted a size such as 67108864, 64M or -1 for no limit`,
  );
}

/** A whole number, not below `least`. Throws `Failure` `invalid`. */
export function integer(option: string, given: string, least: -1 | 0): number | bigint {
  const value = /^-?\d{1,19}$/.test(given) ? BigInt(given) : undefined;
  if (value !== undefined && value >= BigInt(least) && value <= largest) return narrowed(value);
  const wanted = least === -1 ? 'a whole number, or -1 for no limit' : 'a whole number, 0 or more';
  throw new Failure('invalid', `--${option} "${given}": wanted ${wanted}`);
}
