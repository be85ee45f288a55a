import { Failure } from '../failure.ts';

/**
 * `0-3,7` as the bit mask that the kernel takes for CPUs and memory nodes.
 *
 * Throws `Failure` (`invalid`) for anything else, and for numbers of `bits` and above.
 */
export function listMask(list: string, bits: number, pointer: string): Uint8Array {
  const mask = new Uint8Array(bits / 8);
  for (const part of list.split(',')) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last >= bits) {
      throw new Failure('invalid', `"${list}" is not a list of numbers below ${bits} such as "0-3,7"`, {
        pointer,
      });
    }
    for (let each = first; each <= last; each++) mask[each >> 3] = (mask[each >> 3] ?? 0) | (1 << (each & 7));
  }
  return mask;
}
