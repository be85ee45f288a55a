import { allowDevice, type DeviceNumbers, denyDevice } from '../../cgroup/devices/change-rules.ts';
import { Failure } from '../../failure.ts';
import { ownsDev, plannedMounts } from '../../plan/compilation.ts';
import type { DeviceChange } from '../../plan/device-change.ts';
import type { Config, Device, DeviceRule } from '../../spec/config.ts';
import { readDeviceNumbers } from '../../spec/device-request.ts';
import { defaultDevices, usableDevices } from '../../spec/devices.ts';
import { isInside, normalizePath } from '../../spec/path.ts';

/** A device to add, found: what it is, and where its node goes. */
export interface FoundDevice {
  /** As it was asked for. */
  readonly text: string;
  readonly numbers: DeviceNumbers;
  /** Undefined for the rule alone. */
  readonly path: string | undefined;
  /** The host's own node. */
  readonly source: string;
  readonly access: string;
  readonly owner: Pick<Device, 'fileMode' | 'uid' | 'gid'>;
}

/** What a container's devices become. */
export interface DeviceChanges {
  /** In the order in which they are made. */
  readonly nodes: readonly DeviceChange[];
  /** `linux.resources.devices` afterwards. */
  readonly rules: readonly DeviceRule[];
  /** `linux.devices` afterwards. */
  readonly devices: readonly Device[];
  /** What somebody may not have meant. */
  readonly warnings: readonly string[];
}

/**
 * Adds devices to those of a container, and takes others from it. Pure.
 *
 * @param removed - Paths in the container, or `TYPE:MAJOR:MINOR`.
 * @throws Failure `invalid` for a device that is not there, that every container has, or whose place is another's
 */
export function deviceChanges(
  config: Config,
  rules: readonly DeviceRule[],
  added: readonly FoundDevice[],
  removed: readonly string[],
): DeviceChanges {
  const before: DeviceChanges = { nodes: [], rules, devices: config.linux?.devices ?? [], warnings: [] };
  const without = removed.reduce(withoutDevice, before);
  const { nodes, ...after } = added.reduce(withDevice, without);
  // A /dev that the caller brought is the caller's, as when the container is created.
  const ours = ownsDev(plannedMounts(config, {}));
  return {
    ...after,
    nodes: nodes.filter(({ device }) => ours || !isInside(normalizePath(device.path), '/dev')),
  };
}

function withDevice(
  changes: DeviceChanges,
  { text, numbers, path, source, access, owner }: FoundDevice,
): DeviceChanges {
  const rules = allowDevice(changes.rules, numbers, access);
  if (path === undefined) return { ...changes, rules };
  const place = normalizePath(path);
  const there = [...changes.devices, ...defaultDevices].find((each) => normalizePath(each.path) === place);
  if (there !== undefined && !isSame(there, numbers))
    throw new Failure('invalid', `${text}: "${place}" in the container is ${numbersText(there)} already`, {
      hint: `Remove it first: --device-rm ${place}`,
    });
  if (there !== undefined) return { ...changes, rules };
  const device: Device = { path: place, ...numbers, ...owner };
  return {
    ...changes,
    rules,
    nodes: [...changes.nodes, { change: 'add', device, source }],
    devices: [...changes.devices, device],
  };
}

function withoutDevice(changes: DeviceChanges, text: string): DeviceChanges {
  const named = text.startsWith('/') ? undefined : askedNumbers(text);
  const gone = changes.devices.filter((device) =>
    named === undefined ? normalizePath(device.path) === normalizePath(text) : isSame(device, named),
  );
  if (named === undefined && gone.length === 0) throw noDevice(text);
  const numbers = named ?? gone.map(numbersOf).find((each) => each !== undefined);
  const devices = changes.devices.filter((device) => !gone.includes(device));
  return {
    ...(numbers === undefined ? changes : withoutRule({ ...changes, devices }, text, numbers, gone)),
    nodes: [
      ...changes.nodes,
      // The host's own node of it is looked for when this is taken back.
      ...gone.map((device) => ({ change: 'remove' as const, device, source: undefined })),
    ],
    devices,
  };
}

/** A rule is about the device and not about its node: it goes with the last of them. */
function withoutRule(
  changes: DeviceChanges,
  text: string,
  numbers: DeviceNumbers,
  gone: readonly Device[],
): DeviceChanges {
  // Every container may use some: of those a node may go that is one more, and nothing else.
  if (usableDevices.some((each) => each.minor === numbers.minor && isSame(each, numbers))) {
    if (gone.length > 0) return changes;
    throw new Failure('invalid', `"${text}" is a device that every container has, and cannot be removed`);
  }
  const left = changes.devices.filter((device) => isSame(device, numbers));
  if (left.length === 0) return { ...changes, rules: denyDevice(changes.rules, numbers) };
  const warning =
    `"${text}" goes, but the container may still use that device: ` +
    `${left.map(({ path }) => path).join(', ')} is the same (--device-rm ${numbersText(numbers)} takes all of it away)`;
  return { ...changes, warnings: [...changes.warnings, warning] };
}

function noDevice(text: string): Failure {
  return new Failure('invalid', `the container has no device "${text}"`, {
    hint: 'Name one of linux.devices by its path in the container, or any by its numbers, such as c:10:229',
  });
}

function askedNumbers(text: string): DeviceNumbers {
  if (!/^[bcu]:/.test(text)) throw noDevice(text);
  const numbers = readDeviceNumbers(text);
  if (typeof numbers === 'string') throw new Failure('invalid', `--device-rm: ${numbers}`);
  return numbers;
}

function numbersOf({
  type,
  major,
  minor,
}: Pick<Device, 'type' | 'major' | 'minor'>): DeviceNumbers | undefined {
  if (type === 'p' || major === undefined || minor === undefined) return undefined;
  return { type: type === 'u' ? 'c' : type, major, minor };
}

/** `c:10:229` */
function numbersText(device: Pick<Device, 'type' | 'major' | 'minor'>): string {
  const numbers = numbersOf(device);
  return numbers === undefined ? 'a pipe' : `${numbers.type}:${numbers.major}:${numbers.minor}`;
}

function isSame(
  one: { readonly type: string; readonly major?: number | undefined; readonly minor?: number | undefined },
  other: DeviceNumbers,
): boolean {
  return (
    (one.type === 'u' ? 'c' : one.type) === other.type &&
    one.major === other.major &&
    one.minor === other.minor
  );
}
