import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { meant } from '../../../src/container/mounts.ts';
import { failureOf } from '../refusal.ts';

const test = suite('meant()');

const added = [
  { destination: '/a', number: 1 },
  { destination: '/b', number: 2 },
  { destination: '/a', number: 3 },
];

test('gives on each destination the mount that was added last, however the path is written', () => {
  assert.deepEqual(meant(added, ['/a']), [added[2]]);
  assert.deepEqual(meant(added, ['b/', '/x/../a/.']), [added[1], added[2]]);
  assert.deepEqual(meant(added, []), []);
});

test('refuses what was not added, and what is named twice, with its place and what there is', () => {
  for (const [list, destinations, pointer, words, hint] of [
    [added, ['/a', '/c'], '/mounts/1/destination', /"\/c" was not added by "mounts add"/, /\/a, \/b, \/a/],
    [added, ['/'], '/mounts/0/destination', /was not added/, /What was added/],
    [[], ['/a'], '/mounts/0/destination', /was not added/, /Nothing was added to this container/],
    [added, ['/a', '/a/'], '/mounts/1/destination', /is in the list already/, /remove the last one first/],
  ] as const) {
    const failure = failureOf(() => meant(list, destinations));
    assert.equal(failure.code, 'invalid');
    assert.equal(failure.pointer, pointer);
    assert.match(failure.message, words);
    assert.match(failure.hint ?? '', hint);
  }
});

test.run();
