/**
 * docs/commands.md is what its generator writes today: every command is run again, and what it prints is compared.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { commands } from '../../src/cli/commands.ts';
import { globalOptions } from '../../src/cli/table/global-options.ts';

const test = suite('command docs');

const checkout = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(checkout, 'docs/commands.md'), 'utf8');

/**
 * The sections by title, without what is of one run: numbers, the commit, and all output where the section says so.
 */
function comparable(text: string): Map<string, string[]> {
  const sections = text.split(/^## /m).map((section) => {
    const [title = '', ...lines] = section.split('\n');
    const kept = section.includes('depends on the machine')
      ? lines.filter((line) => line.startsWith('$ '))
      : lines.filter((line) => !line.startsWith('commit: '));
    return [title, kept.map((line) => line.replaceAll(/\d+/g, '0').replaceAll(/ +/g, ' '))] as const;
  });
  return new Map(sections);
}

test('docs/commands.md is not stale', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-command-docs-'));
  try {
    const file = join(directory, 'commands.md');
    const program = join(checkout, 'scripts/generate-command-docs.ts');
    execFileSync(process.execPath, ['--import', 'tsx', program, file], { cwd: checkout, stdio: 'pipe' });
    const [made, kept] = [comparable(readFileSync(file, 'utf8')), comparable(page)];
    assert.deepEqual([...kept.keys()], [...made.keys()]);
    for (const [title, lines] of made)
      assert.deepEqual(kept.get(title), lines, `"${title}": run scripts/generate-command-docs.ts`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('what is compared would show another word, and does not show another number', () => {
  const other = (from: string, to: string) => comparable(page.replace(from, to));
  assert.deepEqual(other('"pid": ', '"pid": 1'), comparable(page));
  assert.notDeepEqual(other('"status": "created"', '"status": "running"'), comparable(page));
});

test('every command has an example', () => {
  for (const { name } of commands)
    assert.match(
      page,
      new RegExp(`^\\$ .*\\btsoci (?:--\\S+ \\S+ )*(?:help )?${name}\\b|^\\$ tsoci --${name}\\b`, 'm'),
      name,
    );
  for (const option of globalOptions)
    if (!('hidden' in option)) assert.ok(page.includes(`--${option.name} `), option.name);
});

test.run();
