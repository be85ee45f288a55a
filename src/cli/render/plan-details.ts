/** An operation's fields in words: names instead of numbers, and what a handle is for instead of its slot. */
import { capabilityNames } from '../../plan/capability-names.ts';
import {
  fileType,
  mountAttribute,
  namespaceFlags,
  propagationType,
  resourceLimits,
} from '../../plan/kernel-flags.ts';
import { NO_SLOT, type Operation, operations, questions } from '../../plan/operations.ts';

type FieldValue = string | number | bigint | Uint8Array | readonly (string | number)[];

/** Numbers that are yes or no: named when yes. */
const yesOrNo: ReadonlySet<string> = new Set([
  'recursive',
  'propagationRecursive',
  'idmapRecursive',
  'privateParent',
  'copyUp',
  'keepMode',
  'bind',
  'setGroups',
  'attempt',
  'processes',
  'detached',
]);

/** Handles that an operation of its kind always has: of the root filesystem, of procfs, of what masks are made from. */
const understood: ReadonlySet<string> = new Set(['root', 'proc', 'null', 'empty']);

const unlimited = 0xffff_ffff_ffff_ffffn;

/** How the root filesystem becomes the root. */
const pivotModes: readonly string[] = ['pivot_root', 'move'];

/** Filesystems that are cloned where they can't be mounted, by the number that statfs(2) gives. */
const mountedTypes: Readonly<Record<number, string>> = {
  1650812274: 'sysfs',
  427819522: 'mqueue',
  40864: 'proc',
};

/** How fields of a name are shown, whatever operation they are in; undefined leaves the field out. */
const shownByName: Readonly<Record<string, (value: never) => string | undefined>> = {
  attributes: attributes,
  set: attributes,
  clear: attributes,
  setRecursive: attributes,
  clearRecursive: attributes,
  propagation: (value: number) => nameOf(value, propagationType),
  resource: (value: number) => nameOf(value, resourceLimits) ?? String(value),
  soft: limit,
  hard: limit,
  keep: capabilitySet,
  effective: capabilitySet,
  permitted: capabilitySet,
  inheritable: capabilitySet,
  ambient: capabilitySet,
  mask: (value: number | Uint8Array) => (typeof value === 'number' ? octal(value) : numberSet(value)),
  nodes: numberSet,
  inside: (value: string) => value.replace(/^\.\.\/?/, '') || undefined,
  rows: unlessZero,
  columns: unlessZero,
  insteadType: (value: number) =>
    value === 0 ? undefined : (mountedTypes[value] ?? `0x${value.toString(16)}`),
};

/** Fields whose meaning depends on the operation. */
const shownByField: Readonly<Record<string, (value: never) => string | undefined>> = {
  'clone.flags': namespaces,
  'unshare.flags': namespaces,
  'join-slot.flags': namespaces,
  'join-namespace.type': namespaces,
  'propagation.type': (value: number) => nameOf(value, propagationType),
  'root-propagation.type': (value: number) => nameOf(value, propagationType),
  'make-directory.mode': octal,
  'device.mode': octal,
  'open-device.type': (value: number) => nameOf(value, { c: fileType.c, b: fileType.b }),
  'pivot.mode': (value: number) => pivotModes[value] ?? String(value),
  'await.question': (value: number) => questions[value],
};

/**
 * Everything about an operation that its name does not say. `slots` holds what each handle is for; the operation's own is
 * added to it.
 */
export function planDetails(operation: Operation, slots: Map<number, string>): string {
  const { kind } = operation;
  const values = operation as unknown as Readonly<Record<string, FieldValue>>;
  const shown: string[] = [];
  for (const [name, type] of Object.entries(operations[kind].fields)) {
    const value = values[name] as FieldValue;
    if (type === 'fills') {
      slots.set(value as number, handleName(operation));
      continue;
    }
    if (understood.has(name) && type === 'slot') continue;
    if (yesOrNo.has(name)) {
      if (value === 1) shown.push(name);
      continue;
    }
    const text = type === 'slot' ? handle(value as number, slots) : show(kind, name, value);
    if (text !== undefined) shown.push(`${name}=${text}`);
  }
  return shown.join(' ');
}

/** Fields of a step that is no operation of the stub, in the same form. */
export function fieldsText(fields: Readonly<Record<string, string | number | readonly string[]>>): string {
  return Object.entries(fields)
    .map(([name, value]) => [name, show('', name, value)])
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');
}

function handleName(operation: Operation): string {
  const path =
    'path' in operation ? operation.path : operation.kind === 'mount' ? operation.target : undefined;
  return path === undefined ? `<${operation.kind.replace(/^open-/, '')}>` : `<${path}>`;
}

function handle(slot: number, slots: ReadonlyMap<number, string>): string | undefined {
  return slot === NO_SLOT ? undefined : (slots.get(slot) ?? `<handle ${slot}>`);
}

function show(kind: string, name: string, value: FieldValue): string | undefined {
  const special =
    shownByField[`${kind}.${name}`] ?? (Object.hasOwn(shownByName, name) ? shownByName[name] : undefined);
  if (special) return special(value as never);
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

function capabilitySet(value: bigint): string {
  const names = capabilityNames.filter((_, number) => (value & (1n << BigInt(number))) !== 0n);
  if (names.length === capabilityNames.length) return 'all';
  return names.length === 0 ? 'none' : names.map((name) => name.replace('CAP_', '')).join(',');
}

function limit(value: bigint): string {
  return value === unlimited ? 'unlimited' : String(value);
}

function octal(value: number): string {
  return `0${value.toString(8)}`;
}

function unlessZero(value: number): string | undefined {
  return value === 0 ? undefined : String(value);
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
