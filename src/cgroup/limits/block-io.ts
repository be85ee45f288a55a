import type { BlockIoResources, ThrottleDevice } from '../../spec/config.ts';
import type { PlanDraft } from './draft.ts';
import { digits, isSet } from './integer.ts';

/** The four kinds of throttles: field, file of v1, key in io.max of v2. */
const THROTTLES = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

/** `linux.resources.blockIO` (config-linux.md, "Block IO"): `blkio` in v1, `io` in v2. */
export function planBlockIo(draft: PlanDraft, blockIo: BlockIoResources, pointer: string): void {
  const { weight, leafWeight, weightDevice = [] } = blockIo;
  if (isSet(weight)) planWeight(draft, undefined, weight, `${pointer}/weight`);
  if (isSet(leafWeight)) planLeafWeight(draft, undefined, leafWeight, `${pointer}/leafWeight`);
  weightDevice.forEach((entry, index) => {
    const at = `${pointer}/weightDevice/${index}`;
    const device = `${entry.major}:${entry.minor}`;
    if (isSet(entry.weight)) planWeight(draft, device, entry.weight, `${at}/weight`);
    if (isSet(entry.leafWeight)) planLeafWeight(draft, device, entry.leafWeight, `${at}/leafWeight`);
  });
  for (const [field, file, key] of THROTTLES)
    (blockIo[field] ?? []).forEach((entry, index) => {
      planThrottle(draft, entry, { file, key }, `${pointer}/${field}/${index}`);
    });
}

/**
 * Weights belong to an I/O scheduler: BFQ has files of its own in both versions, and knows the units of the
 * specification. The files without `bfq` are CFQ's (v1, Linux before 5.0) and io.cost's (v2).
 */
function planWeight(draft: PlanDraft, device: string | undefined, weight: number, pointer: string): void {
  const hierarchy = draft.place('blkio', 'io', pointer);
  const keyed = (value: string) => (device === undefined ? value : `${device} ${value}`);
  const value = keyed(String(weight));
  if (hierarchy === 'v1') {
    const suffix = device === undefined ? 'weight' : 'weight_device';
    const alternatives = [{ file: `blkio.${suffix}`, value }];
    draft.write({
      hierarchy,
      controller: 'blkio',
      file: `blkio.bfq.${suffix}`,
      value,
      pointer,
      alternatives,
    });
    return;
  }
  const alternatives = [
    {
      file: 'io.weight',
      value: device === undefined ? `default ${toIoWeight(weight)}` : keyed(toIoWeight(weight)),
    },
  ];
  draft.write({ hierarchy, controller: 'io', file: 'io.bfq.weight', value, pointer, alternatives });
}

/** 10…1000 (blkio) to 1…10000 (io), linear, as runtimes have always done it. */
export function toIoWeight(weight: number): string {
  const clamped = Math.min(Math.max(weight, 10), 1000);
  return String(1 + Math.floor(((clamped - 10) * 9999) / 990));
}

function planLeafWeight(draft: PlanDraft, device: string | undefined, weight: number, pointer: string): void {
  const hierarchy = draft.place('blkio', 'io', pointer);
  if (hierarchy === 'v2') draft.refuse(pointer, 'cgroup v2 has no leaf weights');
  const file = device === undefined ? 'blkio.leaf_weight' : 'blkio.leaf_weight_device';
  const value = device === undefined ? String(weight) : `${device} ${weight}`;
  draft.write({ hierarchy, controller: 'blkio', file, value, pointer });
}

function planThrottle(
  draft: PlanDraft,
  entry: ThrottleDevice,
  { file, key }: { readonly file: string; readonly key: string },
  pointer: string,
): void {
  const hierarchy = draft.place('blkio', 'io', pointer);
  const device = `${entry.major}:${entry.minor}`;
  const rate = digits(entry.rate);
  if (hierarchy === 'v1') {
    draft.write({ hierarchy, controller: 'blkio', file, value: `${device} ${rate}`, pointer });
  } else {
    // v1 lifts a limit by 0, v2 by the word
    const value = `${device} ${key}=${rate === '0' ? 'max' : rate}`;
    draft.write({ hierarchy, controller: 'io', file: 'io.max', value, pointer });
  }
}
