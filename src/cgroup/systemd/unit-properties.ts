import type { BusValue } from '../../dbus/value.ts';
import { maximumCpus, maximumNodes } from '../../spec/kernel-flags.ts';
import { listNumbers } from '../../spec/number-list.ts';

/** A property of a unit: its name and its value as a variant. */
export type UnitProperty = readonly [string, { readonly signature: string; readonly value: BusValue }];

/** systemd's "infinity". */
export const INFINITY = 2n ** 64n - 1n;
const MICROSECONDS_PER_SECOND = 1_000_000n;

/** A property that is a number. */
export const numberProperty = (name: string, value: bigint): UnitProperty => [
  name,
  { signature: 't', value },
];

/** A number, or `max`; undefined for anything else. */
export function amount(value: string): bigint | undefined {
  if (value === 'max') return INFINITY;
  return /^\d+$/.test(value) ? BigInt(value) : undefined;
}

/** @param least what systemd takes at least; the file itself is written by us, whatever it is told */
const plain =
  (name: string, least = 0n) =>
  (value: string): UnitProperty[] => {
    const found = amount(value);
    return found === undefined ? [] : [numberProperty(name, found < least ? least : found)];
  };

/** The limit of tasks, which has the same file in both versions. */
export const tasksMax = plain('TasksMax', 1n);

/** systemd counts microseconds a second, and rounds down when it computes the quota from it: so we round up. */
export function cpuQuota(quota: bigint, period: bigint): UnitProperty[] {
  const share = quota === INFINITY ? INFINITY : (quota * MICROSECONDS_PER_SECOND + period - 1n) / period;
  return [numberProperty('CPUQuotaPerSecUSec', share), numberProperty('CPUQuotaPeriodUSec', period)];
}

/** `50000 100000`. */
function cpuMax(value: string): UnitProperty[] {
  const [first = '', second = '100000'] = value.split(' ');
  const quota = amount(first);
  return quota === undefined || !/^\d+$/.test(second) ? [] : cpuQuota(quota, BigInt(second));
}

const list =
  (name: string, what: string, count: number) =>
  (value: string): UnitProperty[] => {
    const numbers = listNumbers(value, what, count) ?? [];
    const mask = new Uint8Array(numbers.length === 0 ? 0 : Math.floor(Math.max(...numbers) / 8) + 1);
    for (const each of numbers) mask[each >> 3] = (mask[each >> 3] ?? 0) | (1 << (each & 7));
    return [[name, { signature: 'ay', value: mask }]];
  };

/** `default 200`, or `200`; lines of single devices are not systemd's to know. */
function ioWeight(value: string): UnitProperty[] {
  const match = /^(?:default )?(\d+)$/m.exec(value);
  return match?.[1] === undefined ? [] : [numberProperty('IOWeight', BigInt(match[1]))];
}

/**
 * What systemd has to know of the files that it writes too (systemd.resource-control(5)), so that it never writes
 * something else over them. Everything is written by us as well: systemd rounds, and does not know every file.
 */
const FILES: Readonly<Record<string, (value: string) => UnitProperty[]>> = {
  'memory.max': plain('MemoryMax', 1n),
  'memory.high': plain('MemoryHigh', 1n),
  'memory.low': plain('MemoryLow'),
  'memory.min': plain('MemoryMin'),
  'memory.swap.max': plain('MemorySwapMax'),
  'cpu.weight': plain('CPUWeight'),
  'cpu.max': cpuMax,
  'cpuset.cpus': list('AllowedCPUs', 'CPUs', maximumCpus),
  'cpuset.mems': list('AllowedMemoryNodes', 'memory nodes', maximumNodes),
  'io.weight': ioWeight,
  'pids.max': tasksMax,
};

/**
 * The properties that say what control files of v2 hold, or are to hold; none for files that systemd does not know.
 */
export function propertiesOf(contents: ReadonlyMap<string, string>): UnitProperty[] {
  return [...contents].flatMap(([file, content]) => FILES[file]?.(content.trim()) ?? []);
}

/**
 * Properties of every container's scope. `Delegate` keeps systemd's hands off what is in it; without `TasksMax` it
 * would get the manager's own default, which no configuration asked for.
 */
export function scopeProperties(id: string, slice: string, pid: number): UnitProperty[] {
  const yes = { signature: 'b', value: true } as const;
  return [
    ['Description', { signature: 's', value: `container ${id}` }],
    ['Slice', { signature: 's', value: slice }],
    ['PIDs', { signature: 'au', value: [pid] }],
    ['Delegate', yes],
    ['DefaultDependencies', { signature: 'b', value: false }],
    ['CollectMode', { signature: 's', value: 'inactive-or-failed' }],
    ['CPUAccounting', yes],
    ['MemoryAccounting', yes],
    ['IOAccounting', yes],
    ['TasksAccounting', yes],
    numberProperty('TasksMax', INFINITY),
  ];
}
