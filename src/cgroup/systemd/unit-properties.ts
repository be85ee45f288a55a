import type { BusValue } from '../../host/sd-bus.ts';
import type { CgroupStep } from '../cgroup-step.ts';
import { parseNumberList } from '../number-ranges.ts';

/** A property of a unit: its name and its value as a variant. */
export type UnitProperty = readonly [string, { readonly signature: string; readonly value: BusValue }];

/** systemd's "infinity". */
const INFINITY = 2n ** 64n - 1n;
const MICROSECONDS_PER_SECOND = 1_000_000n;

const number = (name: string, value: bigint): UnitProperty => [name, { signature: 't', value }];

/** A number, or `max`; undefined for anything else. */
function amount(value: string): bigint | undefined {
  if (value === 'max') return INFINITY;
  return /^\d+$/.test(value) ? BigInt(value) : undefined;
}

const plain =
  (name: string) =>
  (value: string): UnitProperty[] => {
    const found = amount(value);
    return found === undefined ? [] : [number(name, found)];
  };

/** `50000 100000`: systemd counts microseconds a second, and rounds down when it computes the quota from it: so we round up. */
function cpuMax(value: string): UnitProperty[] {
  const [quota = '', period = '100000'] = value.split(' ');
  const found = amount(quota);
  if (found === undefined || !/^\d+$/.test(period)) return [];
  const length = BigInt(period);
  const share = found === INFINITY ? INFINITY : (found * MICROSECONDS_PER_SECOND + length - 1n) / length;
  return [number('CPUQuotaPerSecUSec', share), number('CPUQuotaPeriodUSec', length)];
}

const list =
  (name: string) =>
  (value: string): UnitProperty[] => {
    const numbers = parseNumberList(value) ?? [];
    const mask = new Uint8Array(numbers.length === 0 ? 0 : Math.floor(Math.max(...numbers) / 8) + 1);
    for (const each of numbers) mask[each >> 3] = (mask[each >> 3] ?? 0) | (1 << (each & 7));
    return [[name, { signature: 'ay', value: mask }]];
  };

/** `default 200`, or `200`; lines of single devices are not systemd's to know. */
function ioWeight(value: string): UnitProperty[] {
  const match = /^(?:default )?(\d+)$/m.exec(value);
  return match?.[1] === undefined ? [] : [number('IOWeight', BigInt(match[1]))];
}

/**
 * What systemd has to know of the files that it writes too (systemd.resource-control(5)), so that it never writes something else
 * over them. Everything is written by us as well: systemd rounds, and does not know every file.
 */
const FILES: Readonly<Record<string, (value: string) => UnitProperty[]>> = {
  'memory.max': plain('MemoryMax'),
  'memory.high': plain('MemoryHigh'),
  'memory.low': plain('MemoryLow'),
  'memory.min': plain('MemoryMin'),
  'memory.swap.max': plain('MemorySwapMax'),
  'cpu.weight': plain('CPUWeight'),
  'cpu.max': cpuMax,
  'cpuset.cpus': list('AllowedCPUs'),
  'cpuset.mems': list('AllowedMemoryNodes'),
  'io.weight': ioWeight,
  'pids.max': plain('TasksMax'),
};

/** The properties that say what planned writes say; the last write to a file counts. */
export function propertiesOf(steps: readonly CgroupStep[]): UnitProperty[] {
  const found = new Map<string, UnitProperty>();
  for (const step of steps) {
    if (step.kind !== 'write' || step.hierarchy !== 'v2') continue;
    for (const property of propertiesOfFile(step.file, step.value)) found.set(property[0], property);
  }
  return [...found.values()];
}

/** The properties that say what a control file holds; none for files that systemd does not know. */
export function propertiesOfFile(file: string, content: string): UnitProperty[] {
  return FILES[file]?.(content.trim()) ?? [];
}

/**
 * Properties of every container's scope. `Delegate` keeps systemd's hands off what is in it; without `TasksMax` it would get the
 * manager's own default, which no configuration asked for.
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
    number('TasksMax', INFINITY),
  ];
}
