import { Failure } from '../failure.ts';
import { quote } from './pointer.ts';

/** `3-5` of a list; a single number is a range of one. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** Space is let pass around ranges, and not within them: as the kernel reads a cpuset (bitmap_parselist). */
const range = /^[\t-\r ]*(\d{1,5})(?:-(\d{1,5}))?[\t-\r ]*$/;

/**
 * Reads a list of CPUs or memory nodes such as `0-3,7`. The kernel's further forms (`0-7:1/2`, `all`, `N`) are none
 * of the specification's.
 *
 * @param what - What the numbers are of, for the message.
 * @param count - The numbers are below this.
 * @returns the ranges, in the order of the list; or a sentence about what is wrong.
 */
export function readNumberList(list: string, what: string, count: number): readonly NumberRange[] | string {
  const ranges: NumberRange[] = [];
  for (const part of list.split(',')) {
    const match = range.exec(part);
    if (match === null) return `${quote(list)} is not a list of ${what} such as "0-3,7"`;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first) return `the range ${quote(part.trim())} in ${quote(list)} ends before it starts`;
    if (last >= count) return `${last} in ${quote(list)} is more than Linux has ${what}: ${count} at most`;
    ranges.push({ first, last });
  }
  return ranges;
}

function rangesOf(list: string, what: string, count: number, pointer?: string): readonly NumberRange[] {
  const ranges = readNumberList(list, what, count);
  if (typeof ranges === 'string') throw new Failure('invalid', ranges, { pointer });
  return ranges;
}

/**
 * `0-3,7` as the bit mask of `count` bits that the kernel takes for CPUs and memory nodes.
 *
 * Throws `Failure` (`invalid`) for what {@link readNumberList} finds wrong.
 */
export function listMask(list: string, what: string, count: number, pointer: string): Uint8Array {
  const mask = new Uint8Array(count / 8);
  for (const { first, last } of rangesOf(list, what, count, pointer))
    for (let each = first; each <= last; each++) mask[each >> 3] = (mask[each >> 3] ?? 0) | (1 << (each & 7));
  return mask;
}

/** The numbers of a list one by one, as in a file of the kernel; undefined where it is empty, or there is none. */
export function listNumbers(list: string | undefined, what: string, count: number): number[] | undefined {
  if (list === undefined || list.trim() === '') return undefined;
  return rangesOf(list, what, count).flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}
