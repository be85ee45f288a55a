import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { sizeProblems } from '../../../scripts/check/sizes.ts';

const test = suite('the law of files and folders');

const folder = (path: string, count: number, lines = 1) => ({
  path,
  files: new Map(Array.from({ length: count }, (_, index) => [`f${index}.ts`, lines] as const)),
});

test('sizeProblems() refuses a file of 301 lines, and lets 300 pass', () => {
  assert.deepEqual(sizeProblems([folder('src/a', 1, 300)]), []);
  assert.deepEqual(sizeProblems([folder('src/a', 1, 301)]), ['src/a/f0.ts has 301 lines, more than 300']);
});

test('sizeProblems() refuses a folder of 26 files, but for the list of commands', () => {
  assert.deepEqual(sizeProblems([folder('src/a', 25)]), []);
  assert.match(sizeProblems([folder('src/a', 26)]).join(), /^src\/a\/ holds 26 files, more than 25/);
  assert.deepEqual(sizeProblems([folder('src/cli/commands', 40)]), []);
});

test.run();
