import { Failure } from '../../failure.ts';
import { accessBits, deviceAccess } from '../../spec/devices.ts';
import { type DevicePolicyRule, isTotal, liveRules } from './device-rules.ts';

/** What the v1 `devices` controller can hold: one default, and exceptions from it. */
export interface DeviceList {
  readonly defaultAllow: boolean;
  readonly exceptions: readonly DeviceException[];
}

export interface DeviceException {
  readonly type: 'b' | 'c';
  readonly major: number | undefined;
  readonly minor: number | undefined;
  access: number;
  readonly pointer: string;
  readonly builtIn: boolean;
}

/**
 * The rules (last match wins, bit by bit) as the default and the exceptions of the v1 controller
 * (Documentation/admin-guide/cgroup-v1/devices.rst).
 *
 * Writing them one after the other would not do: the kernel takes an exception back only when exactly the same one is
 * written, and lets a request pass only when a single exception covers all of it.
 * @throws Failure `unsupported` for an exception from an exception (allow `c 1:*`, then deny `c 1:3`), which v1
 * cannot hold.
 */
export function deviceList(rules: readonly DevicePolicyRule[]): DeviceList {
  const live = liveRules(rules);
  const first = live[0];
  const defaultAllow = first !== undefined && isTotal(first) && first.allow;
  const exceptions: DeviceException[] = [];
  for (const rule of live) {
    if (isTotal(rule)) continue;
    const change = rule.allow === defaultAllow ? remove : add;
    if (rule.type !== 'c') change(exceptions, { ...rule, type: 'b' });
    if (rule.type !== 'b') change(exceptions, { ...rule, type: 'c' });
  }
  if (!defaultAllow) complete(exceptions);
  return { defaultAllow, exceptions: withAccess(exceptions) };
}

/** Without those that were taken back altogether. */
function withAccess(exceptions: readonly DeviceException[]): DeviceException[] {
  return exceptions.filter(({ access }) => access !== 0);
}

function add(exceptions: DeviceException[], wanted: DeviceException): void {
  for (const exception of exceptions) {
    if (
      exception.minor !== wanted.minor ||
      exception.major !== wanted.major ||
      exception.type !== wanted.type
    )
      continue;
    exception.access |= wanted.access;
    return;
  }
  exceptions.push(wanted);
}

function remove(exceptions: DeviceException[], unwanted: DeviceException): void {
  for (const exception of exceptions) {
    const common = exception.access & unwanted.access;
    if (common === 0 || !overlap(exception, unwanted)) continue;
    if (covers(unwanted, exception)) {
      exception.access &= ~unwanted.access;
    } else if (!unwanted.builtIn) {
      throw new Failure(
        'unsupported',
        `device rule ${describe(unwanted)} takes back a part of ${describe(exception)}: cgroup v1 has no exceptions from exceptions`,
        { pointer: unwanted.pointer, hint: 'List the devices one by one, or use cgroup v2.' },
      );
    }
  }
}

/** What one request may want together: an open both reads and writes, but making a node is a request of its own. */
const TOGETHER = deviceAccess.r | deviceAccess.w;

/**
 * Gives each exception the access of those that cover it, and each crossing (`c 1:*` and `c *:3`) an exception of its
 * own. What a request wants alone is left to the exception that has it, so that the list shows the rules as they were
 * given. Only exceptions with a wildcard can cover or cross others, and there are few: this is on the way of every
 * create.
 */
function complete(exceptions: DeviceException[]): void {
  const wide: DeviceException[] = [];
  for (const exception of exceptions)
    if (exception.major === undefined || exception.minor === undefined) wide.push(exception);
  for (const row of wide) {
    if (row.major === undefined) continue;
    for (const column of wide)
      if (column.major === undefined && column.minor !== undefined && column.type === row.type)
        add(exceptions, { ...row, minor: column.minor, access: row.access | column.access });
  }
  for (const cover of wide)
    for (const exception of exceptions)
      if (covers(cover, exception)) exception.access |= cover.access & TOGETHER;
}

interface Devices {
  readonly type: 'b' | 'c';
  readonly major: number | undefined;
  readonly minor: number | undefined;
}

function covers(wide: Devices, narrow: Devices): boolean {
  return (
    wide.type === narrow.type &&
    (wide.major === undefined || wide.major === narrow.major) &&
    (wide.minor === undefined || wide.minor === narrow.minor)
  );
}

function overlap(one: Devices, other: Devices): boolean {
  const meet = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined || a === b;
  return one.type === other.type && meet(one.major, other.major) && meet(one.minor, other.minor);
}

/** A line of devices.allow and devices.deny: `c 1:3 rwm`. */
export function describe(exception: Devices & { readonly access: number }): string {
  let letters = '';
  for (const letter of ['r', 'w', 'm'] as const)
    if (exception.access & deviceAccess[letter]) letters += letter;
  return `${exception.type} ${exception.major ?? '*'}:${exception.minor ?? '*'} ${letters}`;
}

/**
 * The content of devices.list; undefined when its default is to allow (the kernel does not list the exceptions then).
 */
export function parseDeviceList(text: string): (Devices & { readonly access: number })[] | undefined {
  const result: (Devices & { readonly access: number })[] = [];
  for (const line of text.split('\n')) {
    const match = /^([abc]) (\*|\d+):(\*|\d+) ([rwm]+)$/.exec(line);
    if (match === null) continue;
    const [, type, major, minor, letters] = match as unknown as [string, string, string, string, string];
    if (type === 'a') return undefined;
    const number = (text: string) => (text === '*' ? undefined : Number(text));
    result.push({
      type: type as 'b' | 'c',
      major: number(major),
      minor: number(minor),
      access: accessBits(letters),
    });
  }
  return result;
}
