import { maximumCpus, maximumNodes } from '../../plan/kernel-flags.ts';
import type { Config, IdMapping, Namespace, NamespaceType } from '../config.ts';
import { quote } from '../finding.ts';
import type { Report } from './rule.ts';

/** The entry for a namespace type, new or joined; undefined when the container keeps the caller's. */
export function namespaceOf({ linux }: Config, type: NamespaceType): Namespace | undefined {
  for (const entry of linux?.namespaces ?? []) if (entry.type === type) return entry;
  return undefined;
}

/** True for a namespace that is made for this container. */
export function isNew(namespace: Namespace | undefined): boolean {
  return namespace !== undefined && !namespace.path;
}

/** True for `true` places: absolute as POSIX has it. */
export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** True for `/` by any name: `.` and `..` count, links don't. */
export function isRoot(path: string): boolean {
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth = Math.max(0, depth - 1);
    else if (part !== '' && part !== '.') depth++;
  }
  return depth === 0;
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

/** True when a mapping gives `id` a meaning on the host. */
export function isMapped(id: number, mappings: readonly IdMapping[]): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);
}

const LISTED = { CPUs: maximumCpus, 'memory nodes': maximumNodes } as const;

/** Reports what is wrong with a list such as `0-3,7` of CPUs or memory nodes. Spaces around numbers are let pass. */
export function needNumberList(
  list: string,
  what: keyof typeof LISTED,
  pointer: string,
  report: Report,
): void {
  for (const part of list.split(',')) {
    const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part);
    if (match === null) {
      report(pointer, `${quote(list)} is not a list of ${what} such as "0-3,7"`);
      return;
    }
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first) {
      report(pointer, `the range ${quote(part.trim())} in ${quote(list)} ends before it starts`);
      return;
    }
    if (last >= LISTED[what]) {
      report(pointer, `${last} in ${quote(list)} is more than Linux has ${what}: ${LISTED[what]} at most`);
      return;
    }
  }
}

/** IFNAMSIZ less the final NUL. */
export const INTERFACE_NAME_LENGTH = 15;

/** What the kernel takes for a name of a network interface (dev_valid_name); `%` is for templates. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:%]+$/.test(name) && name.length <= INTERFACE_NAME_LENGTH && name !== '.' && name !== '..';
}
