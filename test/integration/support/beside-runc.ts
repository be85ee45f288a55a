/** Tables of questions that tsoci and, where it is installed, runc are asked in one run. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import { type ConfigChange, testConfig } from './bundle.ts';
import { type CommandResult, runtimeKind } from './runtime.ts';
import { expectSuccess, Sandbox } from './sandbox.ts';

const runc = spawnSync('sh', ['-c', 'command -v runc'], { encoding: 'utf8' }).stdout.trim();

export interface Row {
  readonly name: string;
  /** Asks a runtime; gives what is compared. */
  readonly ask: (sandbox: Sandbox) => Promise<unknown>;
  readonly wanted: unknown;
  /** What runc answers instead, and why we don't (docs/engines.md, "Differs from runc on purpose"). */
  readonly runc?: { readonly answers: unknown; readonly because: string };
  /** Why runc is not asked at all: it has no such option. */
  readonly ours?: string;
  /** Why this machine cannot be asked. */
  readonly skip?: string | undefined;
}

/**
 * Registers one test for each row. The difference that a row lists has to be one: a row whose difference is gone
 * fails. Each runtime has one sandbox for all rows, which is closed by a last test.
 */
export function besideRunc(test: Test, rows: readonly Row[]): void {
  const ours = new Sandbox();
  const theirs = new Sandbox([runc]);
  for (const row of rows) {
    if (row.skip !== undefined) {
      console.log(`skipped: "${row.name}": ${row.skip}`);
      test.skip(row.name);
      continue;
    }
    test(row.name, async () => {
      assert.deepEqual(await row.ask(ours), row.wanted, 'tsoci');
      // What runc answers does not depend on our host: it is asked beside the executable.
      if (runc === '' || row.ours !== undefined || runtimeKind === 'node') return;
      assert.deepEqual(await row.ask(theirs), row.runc?.answers ?? row.wanted, 'runc');
      if (row.runc !== undefined) assert.notDeepEqual(row.runc.answers, row.wanted, 'no difference to list');
    });
  }
  test('nothing of these is left', async () => {
    try {
      await ours.close();
    } finally {
      if (runc !== '') await theirs.close();
    }
  });
}

const roots = new WeakMap<Sandbox, string>();

/**
 * A bundle that shares its root filesystem with the others of its sandbox: making one takes longer than running a
 * container.
 */
export function lightBundle(sandbox: Sandbox, args: readonly string[], change?: ConfigChange): string {
  const rootfs = roots.get(sandbox) ?? sandbox.bundle(['true']).rootfs;
  roots.set(sandbox, rootfs);
  const directory = sandbox.directory();
  const config = testConfig(args, (made) => {
    if (made.root) made.root.path = rootfs;
    change?.(made);
  });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  return directory;
}

/** Runs it in the foreground. */
export async function lightRun(sandbox: Sandbox, args: readonly string[], change?: ConfigChange) {
  return sandbox.tsoci(['run', '--bundle', lightBundle(sandbox, args, change), sandbox.id()]);
}

/** Starts it in the background; gives its id. */
export async function lightRunning(
  sandbox: Sandbox,
  change?: ConfigChange,
  args: readonly string[] = ['sleep', '1000'],
): Promise<string> {
  const id = sandbox.id();
  const bundle = lightBundle(sandbox, args, change);
  expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', bundle, id]));
  return id;
}

const sleepers = new WeakMap<Sandbox, string>();

/** The id of a container that sleeps, the same one for all rows that leave it as it is. */
export async function sleeper(sandbox: Sandbox): Promise<string> {
  const id = sleepers.get(sandbox) ?? (await lightRunning(sandbox));
  sleepers.set(sandbox, id);
  return id;
}

/** What is compared of a result when the words of an error are each runtime's own. */
export const outcome = ({ code, stdout }: CommandResult) => ({ code, stdout });

/** Status, and whether these words stand in what was said to people. */
export const told = ({ code, stderr }: CommandResult, words: RegExp) => ({ code, told: words.test(stderr) });
