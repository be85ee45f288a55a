/**
 * What the commands of an engine must not cost. Many of the engine's own array functions are written in JavaScript and compiled
 * when first called, some 0.07 ms each: the engine itself reports what it compiles (docs/performance.md, "First calls").
 */
import { strict as assert } from 'node:assert';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { runCommand } from './support/runtime.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';

const tsoci = join(resolve(import.meta.dirname, '../..'), 'build', 'libexec', 'tsoci');
const env = { ...process.env, BUN_JSC_reportParseTimes: '1' };

const test = suite('hot path');

/** Functions that a call of the shipped executable compiled: the engine names them by a hash of their source. */
async function compiled(...args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = expectSuccess(await runCommand([tsoci, ...args], { env }));
  return [...`${stdout}${stderr}`.matchAll(/^Parsed (\S+) in/gm)].map(([, name]) => name as string);
}

test('positive control: the engine reports what it compiles', async () => {
  const nothing = await compiled('--version');
  assert.notEqual(nothing.length, 0);
  assert.notDeepEqual(await compiled('--help'), nothing);
});

test("the commands that engines call compile none of the engine's own functions", () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sleep', '1000']);
    const id = sandbox.id();
    const nothing = new Set(await compiled('--version'));
    const own = async (...args: readonly string[]) =>
      (await compiled('--root', sandbox.root, ...args)).filter((name) => !nothing.has(name));
    const found = {
      create: await own('create', '--bundle', directory, id),
      state: await own('state', id),
      start: await own('start', id),
      exec: await own('exec', id, 'true'),
      kill: await own('kill', id, 'KILL'),
      delete: await own('delete', '--force', id),
      run: await own('run', '--bundle', sandbox.bundle(['true']).directory, sandbox.id()),
    };
    for (const [command, names] of Object.entries(found)) assert.deepEqual(names, [], command);
  }));

test.run();
