import type { DeviceRule } from '../../spec/config.ts';
import { accessBits, allAccess, deviceAccess } from '../../spec/devices.ts';
import { type DevicePolicyRule, deviceRules } from './device-rules.ts';

/** One device, by its numbers. */
export interface DeviceNumbers {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
}

/** What rules let the device be used for, as bits of `deviceAccess`; the last that says something decides. */
export function accessTo(rules: readonly DevicePolicyRule[], device: DeviceNumbers): number {
  let undecided = allAccess;
  let allowed = 0;
  for (const rule of rules.toReversed()) {
    const about =
      (rule.type === 'a' || rule.type === device.type) &&
      (rule.major === undefined || rule.major === device.major) &&
      (rule.minor === undefined || rule.minor === device.minor);
    if (!about) continue;
    if (rule.allow) allowed |= rule.access & undecided;
    undecided &= ~rule.access;
  }
  return allowed;
}

/** Rules that allow a device these accesses, and no others than before: a rule of its own, where one is missing. */
export function allowDevice(
  rules: readonly DeviceRule[],
  device: DeviceNumbers,
  access: string,
): readonly DeviceRule[] {
  const missing = accessBits(access) & ~accessTo(deviceRules(rules, ''), device);
  return missing === 0 ? rules : [...rules, { allow: true, ...device, access }];
}

/** Making a node of anything is always allowed. */
const use = deviceAccess.r | deviceAccess.w;

/**
 * Rules that do not let a device be used: without those about it alone, and with one against it where others allow
 * it.
 */
export function denyDevice(rules: readonly DeviceRule[], device: DeviceNumbers): readonly DeviceRule[] {
  const others = rules.filter(
    ({ allow, type, major, minor }) =>
      !allow || type !== device.type || major !== device.major || minor !== device.minor,
  );
  if ((accessTo(deviceRules(others, ''), device) & use) === 0) return others;
  return [...others, { allow: false, ...device, access: 'rwm' }];
}
