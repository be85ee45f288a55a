/**
 * The engine's event loop under a library user that runs for long (test/inside/soak.ts): memory, threads and
 * descriptors stay where they are.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { assemble, freeze } from '../../scripts/engine/assemble.ts';
import { bundle } from '../../scripts/engine/bundle.ts';
import { staticCompiler } from '../../scripts/engine/compile.ts';

const checkout = resolve(import.meta.dirname, '../..');
const rounds = 6000;

const test = suite('soak');
let directory = '';
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-soak-'));
  mkdirSync(join(directory, 'root'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

test('thousands of requests, threads, timers and circles leave nothing behind', async () => {
  const script = join(directory, 'soak.js');
  const program = join(directory, 'soak');
  await bundle({ entry: join(checkout, 'test/inside/soak.ts'), output: script, commit: '' });
  await assemble(await freeze(script, 'soak'), program, staticCompiler());
  const { status, stdout, stderr } = spawnSync(program, [join(directory, 'root'), String(rounds)], {
    encoding: 'utf8',
    timeout: 200_000,
  });
  assert.equal(status, 0, stderr);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { anonymous: number; threads: number; descriptors: number });
  assert.ok(lines.length >= 10, stdout);
  const [early, late] = [lines[2], lines.at(-1)];
  assert.ok(early && late);
  assert.ok(
    late.anonymous < early.anonymous + 1024,
    `${early.anonymous} KB at first, ${late.anonymous} KB at last`,
  );
  assert.ok(late.anonymous < 16 * 1024, `${late.anonymous} KB`);
  assert.ok(late.threads <= early.threads, `${late.threads} threads`);
  assert.equal(late.descriptors, early.descriptors);
});

test.run();
