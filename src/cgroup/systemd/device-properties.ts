import { deviceAccess } from '../../spec/devices.ts';
import type { UnitProperty } from './unit-properties.ts';

/** A device, or several, that may be used. */
export interface AllowedDevice {
  readonly type: 'b' | 'c';
  /** undefined: every number. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** Bits of `deviceAccess`. */
  readonly access: number;
}

/**
 * What systemd has to know of device rules on v1, where it writes its own over ours at each `daemon-reload`: never
 * more than the container may use. What its language cannot say (systemd.resource-control(5), "DeviceAllow=") is left
 * out, so it would be refused after that.
 *
 * @param allowed undefined when everything is allowed (but for exceptions, which systemd cannot be told)
 * @param procDevices content of /proc/devices
 */
export function deviceProperties(
  allowed: readonly AllowedDevice[] | undefined,
  procDevices: string,
): UnitProperty[] {
  const lines = (allowed ?? []).flatMap((device) => {
    const access = (['r', 'w', 'm'] as const).filter((letter) => device.access & deviceAccess[letter]);
    return specifiers(device, procDevices).map((specifier) => [specifier, access.join('')] as const);
  });
  return [
    ['DevicePolicy', { signature: 's', value: allowed === undefined ? 'auto' : 'strict' }],
    // an empty list takes the former one away
    ['DeviceAllow', { signature: 'a(ss)', value: [] }],
    ...(lines.length === 0
      ? []
      : [['DeviceAllow', { signature: 'a(ss)', value: lines }] satisfies UnitProperty]),
  ];
}

/** `/dev/char/1:3`, `char-pts`, `char-*`; nothing for what has no such name. */
function specifiers({ type, major, minor }: AllowedDevice, procDevices: string): string[] {
  const kind = type === 'c' ? 'char' : 'block';
  if (major === undefined) return minor === undefined ? [`${kind}-*`] : [];
  if (minor !== undefined) return [`/dev/${kind}/${major}:${minor}`];
  const name = driverName(type, major, procDevices);
  return name === undefined ? [] : [`${kind}-${name}`];
}

/** The name of a major number in /proc/devices (proc(5)), which has a part for each type of device. */
function driverName(type: 'b' | 'c', major: number, procDevices: string): string | undefined {
  const [characters = '', blocks = ''] = procDevices.split('Block devices:');
  for (const line of (type === 'c' ? characters : blocks).split('\n')) {
    const match = /^ *(\d+) (.+)$/.exec(line);
    if (match !== null && Number(match[1]) === major) return match[2];
  }
  return undefined;
}
