import { cpuQuota, INFINITY, numberProperty, tasksMax, type UnitProperty } from './unit-properties.ts';

/** Page counters at or above this are "no limit" (v1 shows it as 2^63 rounded down to pages). */
const UNLIMITED = 2n ** 62n;
/** Of a new cgroup. */
const DEFAULT_PERIOD = '100000';

/** `-1` and what the kernel shows for it are no limit. */
function bytes(value: string): bigint {
  const found = BigInt(value);
  return found < 0n || found >= UNLIMITED ? INFINITY : found;
}

/** A number between what systemd takes at least and at most; the kernel refuses or rounds the others by itself. */
const between =
  (name: string, least: bigint, most: bigint) =>
  (value: string): UnitProperty[] => {
    const found = BigInt(value);
    return found < least || found > most ? [] : [numberProperty(name, found)];
  };

const weight = between('BlockIOWeight', 10n, 1000n);

const FILES: Readonly<Record<string, (value: string) => UnitProperty[]>> = {
  'memory.limit_in_bytes': (value) => [numberProperty('MemoryLimit', bytes(value))],
  'cpu.shares': between('CPUShares', 2n, 262144n),
  'blkio.weight': weight,
  'blkio.bfq.weight': weight,
  'pids.max': tasksMax,
};

/** Two files that systemd has one idea of. */
const CPU_QUOTA = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'] as const;

/**
 * The properties that say what control files of v1 hold, or are to hold (systemd.resource-control(5), "Deprecated
 * options"); none for files that systemd does not know.
 */
export function propertiesOfV1(contents: ReadonlyMap<string, string>): UnitProperty[] {
  const found = [...contents].flatMap(([file, content]) => FILES[file]?.(content.trim()) ?? []);
  const [quota, period] = CPU_QUOTA.map((file) => contents.get(file)?.trim());
  if (quota !== undefined || period !== undefined) {
    const microseconds = BigInt(quota ?? '-1');
    found.push(...cpuQuota(microseconds < 0n ? INFINITY : microseconds, BigInt(period ?? DEFAULT_PERIOD)));
  }
  return found;
}
