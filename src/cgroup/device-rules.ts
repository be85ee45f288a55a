import type { DeviceRule } from '../bundle/config.ts';

/** Access bits as the kernel numbers them (`BPF_DEVCG_ACC_*` in linux/bpf.h). */
export const DEVICE_ACCESS = { m: 1, r: 2, w: 4 } as const;
export const ALL_ACCESS = 7;

/** A device rule made exact. */
export interface DevicePolicyRule {
  readonly allow: boolean;
  readonly type: 'a' | 'b' | 'c';
  /** undefined: every number. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** Bits of {@link DEVICE_ACCESS}; never 0. */
  readonly access: number;
  readonly pointer: string;
  /** True for the devices that we add ourselves. */
  readonly builtIn: boolean;
}

const DEFAULT_DEVICES: readonly (readonly ['b' | 'c', number | undefined, number | undefined, number])[] = [
  // mknod of anything: making a node is harmless as long as it can't be opened
  ['c', undefined, undefined, DEVICE_ACCESS.m],
  ['b', undefined, undefined, DEVICE_ACCESS.m],
  ['c', 1, 3, ALL_ACCESS], // null
  ['c', 1, 5, ALL_ACCESS], // zero
  ['c', 1, 7, ALL_ACCESS], // full
  ['c', 1, 8, ALL_ACCESS], // random
  ['c', 1, 9, ALL_ACCESS], // urandom
  ['c', 5, 0, ALL_ACCESS], // tty
  ['c', 5, 2, ALL_ACCESS], // ptmx
  ['c', 10, 200, ALL_ACCESS], // net/tun
  ['c', 136, undefined, ALL_ACCESS], // pts/*, and with it the container's console
];

/**
 * The rules of `linux.resources.devices` in their order (none: deny everything), followed by the devices that every
 * container may use (config-linux.md, "Default Devices"), so that no configuration can take `/dev/null` away.
 *
 * A rule of type `a`, or of none, that has numbers is about the block and the character devices of these numbers, as the specification
 * words it. The v1 kernel, and with it runc, takes it for every device: one number too many would open all of them.
 *
 * The host's `/dev/console` (5:1) is not among them: a container's console is a pseudoterminal.
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
  for (const [type, major, minor, access] of DEFAULT_DEVICES)
    result.push({ allow: true, type, major, minor, access, pointer, builtIn: true });
  return result;
}

/** Absent access is all access, as absent numbers are all numbers; an empty one matches nothing. */
function accessBits(access: string | undefined): number {
  if (access === undefined) return ALL_ACCESS;
  let bits = 0;
  for (const letter of access) bits |= DEVICE_ACCESS[letter as keyof typeof DEVICE_ACCESS];
  return bits;
}

/** -1 is the older spelling of "all". */
function number(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value;
}

/** True when a rule speaks about every access to every device, so that nothing before it matters. */
export function isTotal(rule: DevicePolicyRule): boolean {
  return (
    rule.type === 'a' && rule.major === undefined && rule.minor === undefined && rule.access === ALL_ACCESS
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
