import type { DeviceRule } from '../../spec/config.ts';
import { accessBits, allAccess, usableDevices } from '../../spec/devices.ts';

/** A device rule made exact. */
export interface DevicePolicyRule {
  readonly allow: boolean;
  readonly type: 'a' | 'b' | 'c';
  /** undefined: every number. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** Bits of `deviceAccess`; never 0. */
  readonly access: number;
  readonly pointer: string;
  /** We add it ourselves, for every container. */
  readonly builtIn: boolean;
}

/**
 * The rules of `linux.resources.devices` in their order (none: deny everything), followed by the devices that every
 * container may use (config-linux.md, "Default Devices"), so that no configuration can take `/dev/null` away.
 *
 * A rule of type `a`, or of none, that has numbers is about the block and the character devices of these numbers, as
 * the specification words it. The v1 kernel, and with it runc, takes it for every device: one number too many would
 * open all of them.
 * @param pointer JSON pointer of the rules
 */
export function deviceRules(rules: readonly DeviceRule[], pointer: string): DevicePolicyRule[] {
  const result: DevicePolicyRule[] = [];
  for (const [index, rule] of rules.entries()) {
    const access = accessBits(rule.access);
    if (access === 0) continue;
    result.push({
      allow: rule.allow,
      type: rule.type || 'a',
      major: number(rule.major),
      minor: number(rule.minor),
      access,
      pointer: `${pointer}/${index}`,
      builtIn: false,
    });
  }
  return [...result, ...usableDevices.map((device) => ({ allow: true, ...device, pointer, builtIn: true }))];
}

/** -1 is the older spelling of "all". */
function number(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value;
}

/** True when a rule speaks about every access to every device, so that nothing before it matters. */
export function isTotal(rule: DevicePolicyRule): boolean {
  return (
    rule.type === 'a' && rule.major === undefined && rule.minor === undefined && rule.access === allAccess
  );
}

/** The rules that still matter: everything from the last total one on. */
export function liveRules(rules: readonly DevicePolicyRule[]): readonly DevicePolicyRule[] {
  for (let index = rules.length - 1; index > 0; index--) {
    const rule = rules[index];
    if (rule !== undefined && isTotal(rule)) return rules.slice(index);
  }
  return rules;
}

/** True when two lists say the same, whatever their spelling. */
export function sameRules(one: readonly DeviceRule[] = [], other: readonly DeviceRule[] = []): boolean {
  const meaning = (rules: readonly DeviceRule[]): string =>
    liveRules(deviceRules(rules, ''))
      .map(({ allow, type, major, minor, access }) => [allow, type, major, minor, access].join(' '))
      .join('\n');
  return meaning(one) === meaning(other);
}

/** True when the rules allow everything, so that there is nothing to enforce. */
export function allowsEverything(rules: readonly DevicePolicyRule[]): boolean {
  const live = liveRules(rules);
  const first = live[0];
  return first !== undefined && isTotal(first) && live.every((rule) => rule.allow);
}
