/**
 * The programs of docs/library.md, each run by Node in a fresh directory, and what its comments say that it prints.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { runCommand, runtimeCommand } from './support/runtime.ts';
import { withSandbox } from './support/sandbox.ts';

const test = suite('library: page');
const root = resolve(import.meta.dirname, '../..');

/** The programs by the title above them. */
function programs(): [string, string][] {
  const sections = readFileSync(join(root, 'docs/library.md'), 'utf8').split(/^## /m).slice(1);
  return sections.flatMap((section) =>
    [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program = '']): [string, string] => [
      section.slice(0, section.indexOf('\n')),
      program,
    ]),
  );
}

/** What the comments behind `console.log` promise. */
const promised = (program: string): string[] =>
  [...program.matchAll(/console\.log.*; \/\/ (.*)$|console\.log.*\), \/\/ (.*)$/gm)].map(
    ([, line, inside]) => line ?? inside ?? '',
  );

function runProgram(directory: string, program: string): string {
  const file = join(directory, 'program.mts');
  writeFileSync(file, program.replaceAll("'tsoci'", `'${join(root, 'src/index.ts')}'`));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), file],
    { cwd: directory, encoding: 'utf8', timeout: 180_000, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

for (const [title, program] of programs())
  test(title, () =>
    withSandbox(async (sandbox) => {
      const { directory } = sandbox.script('exec sleep 1000');
      const place = sandbox.directory();
      const ready = program
        .replaceAll("bundle: 'bundle'", `bundle: '${directory}'`)
        .replaceAll(/'page-/g, `'page-${process.pid}-`);
      const state = join(place, 'state');
      sandbox.onClose(async () => {
        const left = existsSync(state) ? readdirSync(state) : [];
        for (const id of left)
          await runCommand([...runtimeCommand, '--root', state, 'delete', '--force', id]);
        assert.deepEqual(left, []);
      });
      const said = runProgram(place, ready).replaceAll(`page-${process.pid}-`, 'page-');
      for (const line of promised(program)) assert.ok(said.includes(line), `${line} is not in:\n${said}`);
      assert.equal(promised(program).length > 0 || title === 'A whole program', true);
      if (title !== 'A whole program') return;
      for (const id of ['page-left', 'page-right']) {
        assert.ok(said.includes(`${id} says library blue and ends with 0\n`), said);
        assert.ok(said.includes(`${id} has processes: true\n`), said);
        assert.ok(said.includes(`${id} ended with 7\n`), said);
      }
    }),
  );

test('there is a program for each of its subjects', () => {
  assert.deepEqual(
    programs().map(([title]) => title),
    ['Lifecycle', 'Exit codes', 'Streams', 'Errors and warnings', 'Many at once', 'A whole program'],
  );
});

test.run();
