import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Clause } from '../../../conformance/support/clause.ts';
import { compareWithWords, wordsOf } from '../../../conformance/support/compare-with-words.ts';
import { countNormativeWords } from '../../../conformance/support/normative.ts';

const test = suite('conformance: normative words');

const text = `# <a name="top" />Top
It MUST be so, and MUST NOT be otherwise. It MAY be, it must be.
* **\`x\`** (int, REQUIRED) and it **MUST NOT** fail; NOT RECOMMENDED.
\`\`\`
MUST SHOULD
\`\`\`
## Plain Heading: here
SHOULD NOT, SHOULD, MAY NOT
`;

const flat = (counts: ReturnType<typeof countNormativeWords>) =>
  Object.fromEntries([...counts].map(([section, words]) => [section, Object.fromEntries(words)]));

test('countNormativeWords() counts by section and level, not in examples', () => {
  assert.deepEqual(flat(countNormativeWords(text)), {
    top: { MUST: 1, 'MUST NOT': 2, REQUIRED: 1, 'NOT RECOMMENDED': 1 },
    'plain-heading-here': { 'SHOULD NOT': 1, SHOULD: 1, 'MAY NOT': 1 },
  });
});

const clause = (pointer: string, level: Clause['level'], times = 1): Clause => ({
  id: `${pointer}-${level}`,
  pointer,
  level,
  times,
  says: 'Something.',
  tests: ['x'],
});

const matching = [
  clause('a.md#top', 'MUST'),
  clause('a.md#top', 'MUST NOT', 2),
  clause('a.md#top', 'REQUIRED'),
  clause('a.md#top', 'NOT RECOMMENDED'),
  clause('a.md#plain-heading-here', 'SHOULD NOT'),
  clause('a.md#plain-heading-here', 'SHOULD'),
  clause('a.md#plain-heading-here', 'MAY NOT'),
];
const words = wordsOf(new Map([['a.md', text]]));

test('compareWithWords() is content when every word has its clause', () => {
  assert.deepEqual(compareWithWords(matching, words), []);
});

test('compareWithWords() tells of a word without a clause', () => {
  assert.deepEqual(compareWithWords(matching.slice(1), words), [
    'a.md#top MUST: 1 in the text, 0 in the clauses',
  ]);
});

test('compareWithWords() tells of a clause without a word', () => {
  assert.deepEqual(compareWithWords([...matching, clause('a.md#gone', 'MUST')], words), [
    'a.md#gone MUST: 0 in the text, 1 in the clauses',
  ]);
});

test('compareWithWords() leaves clauses alone that need no word', () => {
  assert.deepEqual(compareWithWords([...matching, clause('a.md#gone', 'OPTIONAL', 0)], words), []);
});

test.run();
