/** Values of a plan's fields in words: names instead of numbers. */
import type { Meaning } from '../../plan/operations/row.ts';
import { questions } from '../../plan/operations.ts';
import { capabilityNames } from '../../spec/capability-names.ts';
import { fileType } from '../../spec/devices.ts';
import {
  filesystemTypes,
  mountAttribute,
  namespaceFlags,
  propagationType,
  resourceLimits,
} from '../../spec/kernel-flags.ts';

export type FieldValue = string | boolean | number | bigint | Uint8Array | readonly (string | number)[];

const unlimited = 0xffff_ffff_ffff_ffffn;

/** How the root filesystem becomes the root. */
const pivotModes: readonly string[] = ['pivot_root', 'move'];

/**
 * What is shown of a field that means this; undefined leaves the field out. `understood` is no value, and
 * handled where it is.
 */
const wordsOf: Readonly<Record<Meaning, (value: never) => string | undefined>> = {
  understood: () => undefined,
  attributes,
  propagation: (value: number) => nameOf(value, propagationType),
  namespaces,
  capabilities,
  resource: (value: number) => nameOf(value, resourceLimits) ?? String(value),
  limit: (value: bigint) => (value === unlimited ? 'unlimited' : String(value)),
  octal: (value: number) => `0${value.toString(8)}`,
  set: numberSet,
  inside: (value: string) => value.replace(/^\.\.\/?/, '') || undefined,
  count: (value: number) => (value === 0 ? undefined : String(value)),
  device: (value: number) => nameOf(value, { c: fileType.c, b: fileType.b }),
  filesystem: (value: number) =>
    value === 0 ? undefined : (nameOf(value, filesystemTypes) ?? `0x${value.toString(16)}`),
  pivot: (value: number) => pivotModes[value] ?? String(value),
  question: (value: number) => questions[value],
};

/** What is shown of a value, by what it means if that is said; undefined leaves it out. */
export function fieldWords(value: FieldValue, meaning?: Meaning): string | undefined {
  if (meaning !== undefined) return wordsOf[meaning](value as never);
  if (typeof value === 'string') return value === '' ? undefined : quote(value);
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : `${value.length} bytes`;
  if (typeof value === 'object')
    return value.length === 0 ? undefined : `[${value.map((item) => quote(String(item))).join(' ')}]`;
  return String(value);
}

function quote(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : JSON.stringify(text);
}

function nameOf(value: number, table: Readonly<Record<string, number>>): string | undefined {
  return Object.keys(table).find((name) => table[name] === value);
}

function attributes(value: number): string | undefined {
  const names = Object.entries(mountAttribute)
    .filter(([name, bits]) => name !== 'atimeMask' && bits !== 0 && (value & bits) === bits)
    .map(([name]) => name);
  if (names.includes('noatime') && names.includes('strictatime')) {
    return ['atime', ...names.filter((name) => !name.endsWith('atime') || name === 'nodiratime')].join(',');
  }
  return names.length === 0 ? undefined : names.join(',');
}

function namespaces(value: number | bigint): string {
  const bits = BigInt(value);
  const names = Object.entries(namespaceFlags).filter(([, flag]) => (bits & BigInt(flag)) !== 0n);
  return names.length === 0 ? 'none' : names.map(([name]) => name).join(',');
}

function capabilities(value: bigint): string {
  const names = capabilityNames.filter((_, number) => (value & (1n << BigInt(number))) !== 0n);
  if (names.length === capabilityNames.length) return 'all';
  return names.length === 0 ? 'none' : names.map((name) => name.replace('CAP_', '')).join(',');
}

/** A bit mask in the order of its bytes as the kernel's list format, `0-3,8`. */
function numberSet(bytes: Uint8Array): string {
  const has = (number: number): boolean => ((bytes[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  const ranges: string[] = [];
  for (let first = 0; first < bytes.length * 8; first++) {
    if (!has(first)) continue;
    let last = first;
    while (has(last + 1)) last++;
    ranges.push(first === last ? String(first) : `${first}-${last}`);
    first = last;
  }
  return ranges.join(',') || 'none';
}
