import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { hintProblems, spellingProblems, wideLines } from '../../../scripts/check/words.ts';

const test = suite('words');

const problemsOf = (text: string) => [...hintProblems('x.ts', text), ...spellingProblems('x.ts', text)];

const refused: Readonly<Record<string, RegExp>> = {
  "{ hint: 'use --force' }": /x\.ts:1: a hint begins with a capital, not with "use "/,
  '{\n  hint: `name ${one}`\n}': /x\.ts:2: a hint begins with a capital/,
  "hint: a === b ? 'use it' : 'Or not'": /a hint begins with a capital/,
  "hint:\n  a === undefined\n    ? 'Use it'\n    : 'or not'": /not with "or not"/,
  "hints: { EPERM: 'raise it', EIO: 'Look' }": /not with "raise it"/,
  "const hints: Hints = {\n  exec: { paused: 'resume it' },\n};": /x\.ts:2: .*not with "resume it"/,
  "throw new Error('can\\'t')": /write "cannot"/,
  '// it can not be': /write "cannot"/,
  'It can’t be, in a page': /write "cannot"/,
  'waits for ever': /write "forever"/,
  "'leave --tty away'": /write "leave out"/,
  '// who does not need it leaves this away': /write "leave out"/,
};
for (const [text, problem] of Object.entries(refused))
  test(`refuses ${JSON.stringify(text.slice(0, 60))}`, () =>
    assert.match(problemsOf(text).join('\n'), problem));

const accepted = [
  "{ hint: 'Use --force.' }",
  '{ hint: "`mount -t proc` makes one" }',
  "{ hint: '--log takes a file' }",
  'readonly hint?: string;',
  '{ code, hint, errno }',
  '// leave it alone, away from others',
  "assert.match(stderr, /can't fork/)",
];
for (const text of accepted)
  test(`lets pass ${JSON.stringify(text.slice(0, 60))}`, () => assert.deepEqual(problemsOf(text), []));

test('wideLines() finds comments beyond 118 columns, and lets code and addresses be', () => {
  assert.match(wideLines('x.ts', `// ${'word '.repeat(30)}`).join(), /^x\.ts:1: a comment of 153 columns/);
  for (const text of [`const text = '${'word '.repeat(30)}';`, `// ${'https://example.org/'.repeat(8)}`])
    assert.deepEqual(wideLines('x.ts', text), []);
});

test.run();
