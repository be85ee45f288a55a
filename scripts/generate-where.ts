/**
 * Writes docs/where.md: for each field of config.json the rule that looks at it, the planner that reads it, the
 * operations that carry it out with their C functions, and where that is tested.
 *
 *   node --import tsx scripts/generate-where.ts [--check]     (only compares, and fails where the page is stale)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fieldsOfConfig } from './where/fields.ts';
import { type House, readHouse, whereIs } from './where/places.ts';

const root = resolve(import.meta.dirname, '..');
const page = join(root, 'docs/where.md');

const head = `# Where a field of config.json is

Made by \`scripts/generate-where.ts\`; do not edit. Files are below \`src/\`, C functions below \`csrc/init/op/\`, golden plans (in italics) in
\`test/unit/plan/golden\`. Operations are those that the golden plans carry out for the field; where there are none the runtime does it itself, before or
after the stub. What is not named as a test has one beside its file all the same: \`test/unit\` mirrors \`src\`.

| field | rule | planner | operation: C function | tests |
|---|---|---|---|---|
`;

function list(words: readonly string[], form: (word: string) => string): string {
  return words.map(form).join(', ');
}

function rowOf(house: House, field: string): string {
  const { rules, planners, operations, unitTests, goldenPlans } = whereIs(house, field);
  const code = (word: string) => `\`${word}\``;
  const operation = (kind: string) => `${code(kind)}: ${house.functions.get(kind) ?? ''}`;
  const tests = [list(unitTests, code), list(goldenPlans, (name) => `*${name}*`)].filter(
    (text) => text !== '',
  );
  const cells = [list(rules, code), list(planners, code), list(operations, operation), tests.join(', ')];
  return `| \`${field.slice(1).replaceAll('/', '.')}\` | ${cells.join(' | ')} |\n`;
}

const house = readHouse(root);
const text =
  head +
  fieldsOfConfig(root)
    .map((field) => rowOf(house, field))
    .join('');
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/where.md is stale: node --import tsx scripts/generate-where.ts');
    process.exit(1);
  }
} else writeFileSync(page, text);
