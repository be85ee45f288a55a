/**
 * Compares the clauses with the specification's text: each section has to have as many clauses of each level as it has
 * words of that level. Status 1 and one line for each section that differs.
 *
 *   node --import tsx conformance/check-text.ts DIRECTORY      (where bundle.md, config.md and the others are)
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clauses } from './clauses/all.ts';
import { compareWithText } from './support/compare-with-text.ts';

const documents = [
  'bundle',
  'config',
  'config-linux',
  'runtime',
  'runtime-linux',
  'features',
  'features-linux',
];

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: check-text.ts DIRECTORY');
  process.exit(2);
}
const texts = new Map(
  documents.map((name) => [`${name}.md`, readFileSync(join(directory, `${name}.md`), 'utf8')]),
);
const { differences, words } = compareWithText(clauses, texts);
for (const line of differences) console.log(line);
console.log(`${words} normative words, ${clauses.length} clauses, ${differences.length} differences`);
process.exitCode = differences.length > 0 ? 1 : 0;
