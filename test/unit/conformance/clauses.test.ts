/** The clauses and the tests of the conformance suite belong together, all of them. */

import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { clauses } from '../../../conformance/clauses/all.ts';
import { crunDifferences } from '../../../conformance/differences/crun.ts';
import { names } from '../../../conformance/differences/difference.ts';
import { runcDifferences } from '../../../conformance/differences/runc.ts';
import { levels } from '../../../conformance/support/clause.ts';
import { compareWithWords, type SectionWords } from '../../../conformance/support/compare-with-words.ts';
import { allTests } from '../../../conformance/tests/all.ts';

const test = suite('conformance: clauses');

const twice = (names: readonly string[]): string[] =>
  names.filter((name, index) => names.indexOf(name) !== index);

test('every clause has a test, or a reason why none can decide it', () => {
  const bare = clauses.filter(({ tests, reason }) => tests.length > 0 === (reason !== undefined));
  assert.deepEqual(
    bare.map(({ id }) => id),
    [],
  );
  for (const { id, reason } of clauses) if (reason !== undefined) assert.ok(reason.length > 5, id);
});

test('every normative word of the specification is a clause', () => {
  const file = join(import.meta.dirname, '../../../conformance/normative-words.json');
  const words: SectionWords = JSON.parse(readFileSync(file, 'utf8'));
  assert.ok(Object.keys(words).length > 50);
  assert.deepEqual(compareWithWords(clauses, words), []);
});

test('every test that a clause names exists', () => {
  const names = new Set(allTests.map(({ name }) => name));
  const missing = clauses.flatMap(({ id, tests }) =>
    tests.filter((name) => !names.has(name)).map((name) => `${id}: ${name}`),
  );
  assert.deepEqual(missing, []);
});

test('every test is bound to a clause', () => {
  const bound = new Set(clauses.flatMap(({ tests }) => tests));
  assert.deepEqual(
    allTests.map(({ name }) => name).filter((name) => !bound.has(name)),
    [],
  );
});

test('every recorded difference of another runtime names a test, and gives a reason', () => {
  for (const difference of [...runcDifferences, ...crunDifferences]) {
    assert.ok(difference.reason.length > 10, difference.reason);
    for (const name of difference.tests) {
      const one = { ...difference, tests: [name] };
      assert.ok(
        allTests.some((each) => names(one, each.name)),
        name,
      );
    }
  }
});

test('ids of clauses and names of tests are unique', () => {
  assert.deepEqual(twice(clauses.map(({ id }) => id)), []);
  assert.deepEqual(twice(allTests.map(({ name }) => name)), []);
});

test('every clause says where it stands, how binding it is, and what it demands', () => {
  for (const { id, pointer, level, times, says } of clauses) {
    assert.match(
      pointer,
      /^(?:bundle|config|config-linux|runtime|runtime-linux|features|features-linux)\.md#[\w-]+$/,
      id,
    );
    assert.ok(levels.includes(level), id);
    assert.ok(Number.isInteger(times) && times >= 0, id);
    assert.match(says, /\.$/, id);
    assert.ok(!/\b(?:MUST|SHOULD|REQUIRED|OPTIONAL)\b/.test(says), `${id} repeats the text`);
  }
});

test.run();
