import * as fc from 'fast-check';
import type { DevicePolicyRule } from '../../../src/cgroup/devices/device-rules.ts';
import { allAccess } from '../../../src/spec/devices.ts';

export interface Request {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly access: number;
}

/** The meaning of rules, said as simply as possible: each bit is decided by the last rule about it. */
export function allowed(rules: readonly DevicePolicyRule[], request: Request): boolean {
  for (const bit of [1, 2, 4]) {
    if ((request.access & bit) === 0) continue;
    const last = rules.findLast(
      (rule) =>
        (rule.access & bit) !== 0 &&
        (rule.type === 'a' || rule.type === request.type) &&
        (rule.major === undefined || rule.major === request.major) &&
        (rule.minor === undefined || rule.minor === request.minor),
    );
    if (last?.allow !== true) return false;
  }
  return true;
}

const numbers = fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined });

/** Few numbers, so that rules meet often. */
export const rule: fc.Arbitrary<DevicePolicyRule> = fc.record({
  allow: fc.boolean(),
  type: fc.constantFrom('a', 'b', 'c'),
  major: numbers,
  minor: numbers,
  access: fc.integer({ min: 1, max: allAccess }),
  pointer: fc.constant('/devices/0'),
  builtIn: fc.constant(false),
});

export const request: fc.Arbitrary<Request> = fc.record({
  type: fc.constantFrom('b', 'c'),
  major: fc.integer({ min: 0, max: 3 }),
  minor: fc.integer({ min: 0, max: 3 }),
  access: fc.integer({ min: 1, max: allAccess }),
});
