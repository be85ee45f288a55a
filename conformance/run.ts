/**
 * The conformance suite: runs the clauses' tests against a runtime and prints TAP, then a table, as TAP comments.
 * Status 1 when a test failed.
 *
 *   node --import tsx conformance/run.ts [--runtime PATH] [--match TEXT] [--jobs N] [--hide-unified auto|yes|no]
 *                                        [--json FILE] [--list]
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { clauses } from './clauses/all.ts';
import { buildProbes, hasHybridMount, withoutHybridMount } from './support/host.ts';
import { outcomeOf, tableOf, tapOf } from './support/report.ts';
import { runTests, type TestResult } from './support/run-tests.ts';
import { identifyRuntime, type Runtime } from './support/runtime.ts';
import { allTests } from './tests/all.ts';

const own = resolve(import.meta.dirname, '../build/libexec/tsoci');

const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: process.env['RUNTIME'] || own },
    match: { type: 'string', default: '' },
    // One more than can run: tests wait a good deal.
    jobs: { type: 'string', default: String(availableParallelism() + 1) },
    'hide-unified': { type: 'string', default: 'auto' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

function listClauses(): void {
  for (const { id, level, pointer, says, tests, reason } of clauses) {
    console.log(`${level} ${id} (${pointer})\n    ${says}\n    ${reason ?? tests.join(', ')}`);
  }
}

/** Starts this program once more where the cgroup2 mount of a hybrid machine is out of sight; gives its status. */
function runHidden(): number {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--hide-unified', 'no'];
  const [program = '', ...args] = withoutHybridMount(again);
  return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
}

async function run(runtime: Runtime): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  chmodSync(directory, 0o755);
  const tests = allTests.filter(({ name }) => name.includes(values.match));
  console.log(`TAP version 14\n1..${tests.length}\n# ${runtime.name} ${runtime.version}`);
  const results = new Map<string, TestResult>();
  try {
    buildProbes(directory);
    const suite = { runtime, directory };
    await runTests(suite, tests, Number(values.jobs), (result) => {
      results.set(result.test.name, result);
      console.log(tapOf(result, results.size, clauses));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const touched =
    values.match === ''
      ? clauses
      : clauses.filter((clause) => clause.tests.some((name) => results.has(name)));
  for (const line of tableOf(touched, results)) console.log(`# ${line}`);
  const count = (outcome: string): number =>
    [...results.values()].filter((each) => each.outcome === outcome).length;
  console.log(`# tests: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  if (values.json !== undefined) writeFileSync(values.json, jsonOf(runtime, results));
  return count('failed') > 0 ? 1 : 0;
}

function jsonOf(runtime: Runtime, results: ReadonlyMap<string, TestResult>): string {
  const tests = [...results.values()].map(({ test, outcome, message, milliseconds }) => ({
    name: test.name,
    outcome,
    ...(message !== '' && { message }),
    milliseconds,
  }));
  const met = clauses.map((clause) => ({
    id: clause.id,
    level: clause.level,
    outcome: outcomeOf(clause, results),
  }));
  return `${JSON.stringify({ runtime: runtime.name, version: runtime.version, tests, clauses: met }, null, 2)}\n`;
}

if (values.list) listClauses();
else {
  const path = values.runtime.includes('/') ? resolve(values.runtime) : values.runtime;
  if (path.includes('/') && !existsSync(path)) {
    console.error(`${path} is not there: run \`make build\`, or say --runtime PATH`);
    process.exit(2);
  }
  const runtime = await identifyRuntime(path);
  const hide =
    values['hide-unified'] === 'yes' || (values['hide-unified'] === 'auto' && runtime.name === 'crun');
  process.exitCode = hide && hasHybridMount() ? runHidden() : await run(runtime);
}
