import { maximumCpus, maximumNodes } from '../../spec/kernel-flags.ts';
import { readNumberList } from '../../spec/number-list.ts';
import { normalizePath } from '../../spec/path.ts';
import { quote } from '../finding.ts';
import type { Report } from './rule.ts';

/** Absolute as POSIX has it. */
export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** `/` by any name: `.` and `..` count, links don't. */
export function isRoot(path: string): boolean {
  return normalizePath(path) === '/';
}

/** Reports a path that is not absolute. */
export function needAbsolute(path: string, pointer: string, report: Report): void {
  if (!isAbsolute(path)) report(pointer, `${quote(path)} is not an absolute path`);
}

/** Calls `repeated` for every element whose key was already there, with the first one's index. */
export function eachRepeated<T>(
  elements: readonly T[],
  keyOf: (element: T) => string | undefined,
  repeated: (index: number, first: number, key: string) => void,
): void {
  const first = new Map<string, number>();
  for (const [index, element] of elements.entries()) {
    const key = keyOf(element);
    if (key === undefined) continue;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else repeated(index, earlier, key);
  }
}

/** The id that setuid(2) and its kin take for "leave it as it is": no user or group can have it. */
export const NO_ID = 0xffff_ffff;

const LISTED = { CPUs: maximumCpus, 'memory nodes': maximumNodes } as const;

/** Reports what is wrong with a list such as `0-3,7` of CPUs or memory nodes. */
export function needNumberList(
  list: string,
  what: keyof typeof LISTED,
  pointer: string,
  report: Report,
): void {
  const ranges = readNumberList(list, what, LISTED[what]);
  if (typeof ranges === 'string') report(pointer, ranges);
}
