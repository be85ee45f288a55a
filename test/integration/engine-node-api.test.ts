/**
 * The engine's own Node-API layer and the addon on it, under the address and undefined-behaviour sanitizers, given
 * what nobody expects.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sanitizedFreeze } from '../../scripts/engine/assemble.ts';

const test = suite('Node-API in the engine');
let directory = '';
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-node-api-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

test('tens of thousands of strange calls: each is answered or refused, and no byte beside its place is touched', async () => {
  const program = join(directory, 'engine');
  await sanitizedFreeze(program);
  const symbols = spawnSync('nm', [program], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
  assert.match(symbols, /__asan_report_store/, 'positive control: it is instrumented');
  const script = join(import.meta.dirname, 'support', 'fuzz-node-api.js');
  const run = (words: readonly string[]) =>
    spawnSync(program, words, {
      cwd: directory,
      encoding: 'utf8',
      timeout: 200_000,
      env: { ASAN_OPTIONS: 'detect_leaks=0:handle_segv=1' },
    });
  const compiled = run(['compile', script, 'bytecode']);
  assert.equal(compiled.status, 0, compiled.stderr);
  const result = run(['image', 'bytecode', 'image', 'values.c']);
  assert.doesNotMatch(result.stderr, /Sanitizer|runtime error/);
  assert.equal(result.status, 0, result.stderr.slice(-3000));
  assert.match(result.stderr, /fuzzed \d{5,} calls/);
});

test.run();
