import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { editDistance, nearest } from '../../src/suggest.ts';

const test = suite('suggest');

const distances: readonly (readonly [a: string, b: string, distance: number])[] = [
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['same', 'same', 0],
  ['delte', 'delete', 1],
  ['deleete', 'delete', 1],
  ['dilete', 'delete', 1],
  ['deltee', 'delete', 1],
  ['ba', 'ab', 1],
  ['kitten', 'sitting', 3],
  // Optimal string alignment: what was swapped is not changed again.
  ['ca', 'abc', 3],
  ['aba', 'bab', 2],
];
for (const [a, b, distance] of distances)
  test(`editDistance(): "${a}" and "${b}"`, () => {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  });

test('editDistance(): words of more than 64 letters are not compared, on either side', () => {
  assert.equal(editDistance('a'.repeat(64), 'a'.repeat(64)), 0);
  assert.equal(editDistance('a'.repeat(65), 'a'), Number.POSITIVE_INFINITY);
  assert.equal(editDistance('a', 'a'.repeat(65)), Number.POSITIVE_INFINITY);
});

const commands = ['create', 'delete', 'start', 'state', 'stats', 'kill', 'ps', 'checkpoint', 'restore'];
const guesses: readonly (readonly [given: string, guess: string | undefined])[] = [
  ['delte', 'delete'],
  ['CREATE', 'create'],
  ['kil', 'kill'],
  // A third of the candidate's letters, rounded up, may differ: two of six, and not three.
  ['dlet', 'delete'],
  ['dxxxte', undefined],
  // The first of those that are as close.
  ['stat', 'start'],
  // A beginning, long before it is close.
  ['de', 'delete'],
  ['che', 'checkpoint'],
  ['CHECK', 'checkpoint'],
  // One that fits two is none, and neither is a single letter.
  ['st', undefined],
  ['c', undefined],
  ['xyzzy', undefined],
  ['', undefined],
];
for (const [given, guess] of guesses)
  test(`nearest() makes ${guess ?? 'nothing'} of "${given}"`, () => {
    assert.equal(nearest(given, commands), guess);
  });

test('nearest(): the closest counts, wherever it stands; a short name may differ in one letter', () => {
  assert.equal(nearest('memoryy', ['memry', 'memory', 'memoryyy']), 'memory');
  assert.equal(nearest('px', ['ps']), 'ps');
  assert.equal(nearest('xy', ['ps']), undefined);
  assert.equal(nearest('nonewprivileges', ['noNewPrivileges']), 'noNewPrivileges');
  assert.equal(nearest('a', []), undefined);
});

test.run();
