import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Rule } from '../../../../src/seccomp/profile/check-section.ts';
import type { Condition } from '../../../../src/seccomp/profile/condition.ts';
import { operators } from '../../../../src/seccomp/profile/operators.ts';
import { collectCalls } from '../../../../src/seccomp/program/calls.ts';

const test = suite('collectCalls()');

const [allow, refuse, log] = [0x7fff0000, 0x00050001, 0x7ffc0000];
const equals = (index: number, first: bigint): Condition => ({
  index,
  operator: operators.SCMP_CMP_EQ,
  first,
  second: 0n,
});
const less: Condition = { ...equals(0, 5n), operator: operators.SCMP_CMP_LT };

/** An entry of a profile: names, action, and what must hold. */
type Entry = readonly [names: string, action: number, ...groups: Condition[][]];

function rules(entries: readonly Entry[]): Rule[] {
  return entries.map(([names, action, ...groups], index) => ({
    pointer: `/${index}`,
    names: names.split(' '),
    action,
    groups: groups.length === 0 ? [[]] : groups,
  }));
}

const collect = (...entries: readonly Entry[]) => collectCalls(rules(entries), refuse);

test('entries become calls, in the order in which they are first named', () => {
  const { calls, warnings, notes } = collect(['b a', allow], ['c', log]);
  assert.deepEqual(
    calls.map(({ name, always, clauses, exact }) => [name, always, clauses, exact]),
    [
      ['b', allow, [], false],
      ['a', allow, [], false],
      ['c', log, [], false],
    ],
  );
  assert.deepEqual([warnings, notes], [[], []]);
});

test('what only says the default action is left out, with conditions or without', () => {
  const { calls, warnings, notes } = collect(['a', refuse], ['b', refuse, [equals(0, 1n)]]);
  assert.deepEqual([calls, warnings, notes], [[], [], []]);
});

test('the default action without conditions decides nothing: another entry does', () => {
  const { calls, warnings, notes } = collect(['a', refuse], ['a', allow]);
  assert.deepEqual(
    calls.map(({ always }) => always),
    [allow],
  );
  assert.deepEqual([warnings, notes], [[], []]);
});

test('the first entry without conditions decides; who loses is told, with conditions as a warning', () => {
  const { calls, warnings, notes } = collect(
    ['a', refuse, [equals(0, 1n)]],
    ['a', allow],
    ['a', log],
    ['a', allow, [equals(0, 2n)]],
  );
  assert.deepEqual(
    calls.map(({ always, clauses }) => [always, clauses]),
    [[allow, []]],
  );
  assert.deepEqual(warnings, ['/0: has no effect on "a", which /1 decides for all arguments']);
  assert.deepEqual(notes, ['/2: has no effect on "a", which /1 decides for all arguments']);
});

/** Whether libseccomp is not trusted with what is said of one call. */
const trusts: Readonly<Record<string, readonly [exact: boolean, ...entries: readonly Entry[]]>> = {
  'one entry, whatever it compares': [false, ['a', allow, [less, equals(1, 2n)]]],
  'one argument that equals one of several values': [
    false,
    ['a', allow, [equals(2, 1n)]],
    ['a', allow, [equals(2, 2n)], [equals(2, 3n)]],
  ],
  'several arguments': [true, ['a', allow, [equals(0, 1n)]], ['a', allow, [equals(1, 1n)]]],
  'another comparison': [true, ['a', allow, [equals(0, 1n)]], ['a', allow, [less]]],
  'more than one condition in an entry': [
    true,
    ['a', allow, [equals(0, 1n), equals(1, 2n)]],
    ['a', allow, [equals(0, 3n)]],
  ],
  'two actions': [true, ['a', allow, [equals(0, 1n)]], ['a', log, [equals(0, 2n)]]],
  'two actions, one of them the default': [
    true,
    ['a', allow, [equals(0, 1n)]],
    ['a', refuse, [equals(0, 2n)]],
  ],
};
for (const [what, [exact, ...entries]] of Object.entries(trusts))
  test(`libseccomp ${exact ? 'is not trusted with' : 'merges'} ${what}`, () => {
    const { calls } = collect(...entries);
    assert.deepEqual(
      calls.map((call) => call.exact),
      [exact],
    );
    assert.equal(calls[0]?.clauses.length, entries.flatMap(([, , ...groups]) => groups).length);
  });

test.run();
