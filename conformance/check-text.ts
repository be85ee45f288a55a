/**
 * Compares the clauses with the specification's text: each section has to have as many clauses of each level as it
 * has words of that level. Status 1 and one line for each section that differs. The words are kept in
 * normative-words.json, so that a unit test compares without the text; --write makes it anew.
 *
 *   node --import tsx conformance/check-text.ts DIRECTORY [--write]     (where bundle.md, config.md and the others
 *                                                                       are)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clauses } from './clauses/all.ts';
import { compareWithWords, wordsOf } from './support/compare-with-words.ts';

const documents = [
  'bundle',
  'config',
  'config-linux',
  'runtime',
  'runtime-linux',
  'features',
  'features-linux',
];
const kept = join(import.meta.dirname, 'normative-words.json');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const [directory] = positionals;
if (directory === undefined) {
  console.error('usage: check-text.ts DIRECTORY [--write]');
  process.exit(2);
}
const words = wordsOf(
  new Map(documents.map((name) => [`${name}.md`, readFileSync(join(directory, `${name}.md`), 'utf8')])),
);
const text = `${JSON.stringify(words, null, 2)}\n`;
if (values.write) writeFileSync(kept, text);
const stale = text !== readFileSync(kept, 'utf8');
if (stale) console.log('normative-words.json is of another text: run this with --write');
const differences = compareWithWords(clauses, words);
for (const line of differences) console.log(line);
const count = Object.values(words)
  .flatMap((section) => Object.values(section))
  .reduce((sum, number) => sum + number, 0);
console.log(`${count} normative words, ${clauses.length} clauses, ${differences.length} differences`);
process.exitCode = stale || differences.length > 0 ? 1 : 0;
