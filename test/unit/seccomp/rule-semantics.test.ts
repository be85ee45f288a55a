/** Tests also: src/seccomp/program/exact-conditions.ts */

import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { compileSeccomp } from '../../../src/seccomp/compile-seccomp.ts';
import { operators } from '../../../src/seccomp/profile/operators.ts';
import type { SeccompArg, SeccompOperator, SeccompSyscall } from '../../../src/spec/config.ts';
import { evaluate } from './bpf.ts';
import { allow, errno, host, wrongMachine, x86, x86_64 } from './support.ts';

const test = suite('what a profile means, against a model');
const on = wrongMachine === undefined ? test : test.skip;

/** The specification's reading of a condition, on `bits` wide arguments. */
function matches({ op, value, valueTwo = 0 }: SeccompArg, argument: bigint, bits: 32 | 64): boolean {
  const [given, first, second] = [argument, BigInt(value), BigInt(valueTwo)].map((each) =>
    BigInt.asUintN(bits, each),
  ) as [bigint, bigint, bigint];
  const table: Record<SeccompOperator, boolean> = {
    SCMP_CMP_NE: given !== first,
    SCMP_CMP_LT: given < first,
    SCMP_CMP_LE: given <= first,
    SCMP_CMP_EQ: given === first,
    SCMP_CMP_GE: given >= first,
    SCMP_CMP_GT: given > first,
    SCMP_CMP_MASKED_EQ: (given & first) === (second & first),
  };
  return table[op];
}

/** One entry: all conditions, or any when an argument is compared twice. */
function entryMatches(args: readonly SeccompArg[], given: readonly bigint[], bits: 32 | 64): boolean {
  const one = (each: SeccompArg) => matches(each, given[each.index] ?? 0n, bits);
  const repeated = new Set(args.map(({ index }) => index)).size !== args.length;
  return repeated ? args.some(one) : args.every(one);
}

// Few values, so that conditions and arguments meet; some differ in one half only.
const value = fc.constantFrom(
  0n,
  1n,
  2n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  2n ** 63n,
  2n ** 64n - 1n,
);
const conditionsOf = (...names: readonly SeccompOperator[]): fc.Arbitrary<SeccompArg[]> =>
  fc.array(
    fc.record({
      index: fc.integer({ min: 0, max: 2 }),
      op: fc.constantFrom(...names),
      value,
      valueTwo: value,
    }),
    { minLength: 1, maxLength: 3 },
  );
const everyOperator = Object.keys(operators) as SeccompOperator[];

/** The kernel's order between filters (seccomp(2)). */
const strictestFirst = ['SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_ERRNO', 'SCMP_ACT_LOG', 'SCMP_ACT_ALLOW'] as const;
const answers = {
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_ERRNO: errno(1),
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: allow,
};
type Action = (typeof strictestFirst)[number];

const calls = fc.array(fc.tuple(value, value, value), { minLength: 8, maxLength: 8 });

/** Every entry against every call on both widths; the default action is SCMP_ACT_ERRNO. */
async function compare(
  entries: readonly (readonly [Action, readonly SeccompArg[]])[],
  given: readonly (readonly bigint[])[],
): Promise<void> {
  const { filter } = await compileSeccomp(host, {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86'],
    syscalls: entries.map(([action, args]): SeccompSyscall => ({ names: ['personality'], action, args })),
  });
  for (const args of given) {
    for (const [arch, number, bits] of [
      [x86_64, 135, 64],
      [x86, 136, 32],
    ] as const) {
      const holding = entries.filter(([, conditions]) => entryMatches(conditions, args, bits));
      const action = strictestFirst.find((each) => holding.some(([one]) => one === each)) ?? 'SCMP_ACT_ERRNO';
      assert.equal(evaluate(filter, { arch, number, args }), answers[action], `${bits} bits, ${args.join()}`);
    }
  }
}

type Comparison = readonly [index: number, op: SeccompOperator, value: bigint, valueTwo?: bigint];
const args = (...comparisons: readonly Comparison[]): SeccompArg[] =>
  comparisons.map(([index, op, first, valueTwo = 0n]) => ({ index, op, value: first, valueTwo }));

on('equalities of several entries on several arguments: each entry keeps all its conditions', async () => {
  // Merged by libseccomp 2.5.4, the first entry's condition on argument 1 was lost: 0xffffffff was let through with
  // any.
  const entries = [
    ['SCMP_ACT_ALLOW', args([1, 'SCMP_CMP_MASKED_EQ', 2n, 0n], [0, 'SCMP_CMP_EQ', 0xffff_ffffn])],
    [
      'SCMP_ACT_ALLOW',
      args([0, 'SCMP_CMP_EQ', 2n], [0, 'SCMP_CMP_EQ', 2n ** 64n - 1n], [0, 'SCMP_CMP_EQ', 0n]),
    ],
  ] as const;
  const firsts = [0n, 1n, 2n, 0xffff_ffffn, 0x1_0000_0002n, 2n ** 64n - 1n];
  const seconds = [0n, 1n, 2n, 3n, 2n ** 64n - 1n];
  await compare(
    entries,
    firsts.flatMap((first) => seconds.map((second) => [first, second, 0n])),
  );
});

on('one action, one argument equal to one of several values: what libseccomp may merge', async () => {
  const entries = fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.array(value, { minLength: 1, maxLength: 6 }))
    .map(([index, values]) =>
      values.map((each) => ['SCMP_ACT_ALLOW', args([index, 'SCMP_CMP_EQ', each])] as const),
    );
  await fc.assert(fc.asyncProperty(entries, calls, compare), { numRuns: 500 });
});

on('one action, equalities', async () => {
  const entries = fc.array(
    fc.tuple(fc.constant('SCMP_ACT_ALLOW' as const), conditionsOf('SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ')),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(fc.asyncProperty(entries, calls, compare), { numRuns: 500 });
});

on('one entry: what libseccomp compiles alone', async () => {
  const entries = fc.tuple(fc.tuple(fc.constant('SCMP_ACT_ALLOW' as const), conditionsOf(...everyOperator)));
  await fc.assert(fc.asyncProperty(entries, calls, compare), { numRuns: 500 });
});

on('one action, all comparisons', async () => {
  const entries = fc.array(fc.tuple(fc.constant('SCMP_ACT_ALLOW' as const), conditionsOf(...everyOperator)), {
    minLength: 2,
    maxLength: 4,
  });
  await fc.assert(fc.asyncProperty(entries, calls, compare), { numRuns: 500 });
});

on('several actions: the strictest that holds', async () => {
  const entries = fc.array(fc.tuple(fc.constantFrom(...strictestFirst), conditionsOf(...everyOperator)), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(fc.asyncProperty(entries, calls, compare), { numRuns: 500 });
});

test.run();
