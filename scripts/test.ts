/**
 * The test run: every file of the suites, counted from what really ran. Ends with `N passed, N failed, N skipped` and
 * a status that is not 0 when a test failed, a file crashed, ended early, took too long, or registered no test.
 *
 *   node --import tsx scripts/test.ts [SUITE…] [--match TEXT]… [--verbose]
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deal, inLanes, laneCount } from './test/lanes.ts';
import { type FileResult, runFiles } from './test/run-files.ts';
import { runMachines } from './test/run-machines.ts';
import { isUnitTestInside } from './test/unit-inside.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface SuiteRow {
  readonly directory: string;
  readonly command: readonly string[];
  /** One process for each file, or a few for all. */
  readonly alone: boolean;
  /** How many processes at a time. */
  readonly lanes: number;
  /** Seconds that one file may take. */
  readonly limit: number;
  readonly needsRoot: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Only files whose text matches. */
  readonly only?: RegExp;
  /** Makes the program that `command` names; without it the command is told of the worker in TypeScript. */
  readonly build?: readonly string[];
  /** Only files whose path, from the root, passes. */
  readonly filter?: (path: string) => boolean;
  /** Runs only when it is named. */
  readonly byName?: boolean;
}

/** An emulated machine is five to fifteen times slower (test/vm). */
const patience = process.env['TSOCI_TEST_VM'] === '1' ? 3 : 1;

const node = [process.execPath, '--import', 'tsx'];

/** What waits for nothing needs no more than there are processors. */
const processors = availableParallelism();

/** In the order in which they run. `TSOCI_TEST_ON` tells integration tests which tsoci to call. */
const suites: Readonly<Record<string, SuiteRow>> = {
  unit: {
    directory: 'test/unit',
    command: node,
    alone: false,
    lanes: processors,
    // Half a minute of it is the stub's supervisor under sanitizers, 28 scenes of a second each; when busy two.
    limit: 400,
    needsRoot: false,
  },
  // The same in the engine of the executable, except for what tests the build or starts Node.
  'unit-engine': {
    directory: 'test/unit',
    command: [join(root, 'build', 'test', 'unit')],
    build: [...node, join(root, 'scripts', 'build-unit-tests.ts')],
    alone: false,
    lanes: processors,
    limit: 180,
    needsRoot: false,
    filter: isUnitTestInside,
  },
  integration: {
    directory: 'test/integration',
    command: node,
    alone: true,
    lanes: laneCount,
    // Two to three times what the longest takes on two cores that are busy with nothing else.
    limit: 600,
    needsRoot: true,
    environment: { TSOCI_TEST_ON: 'executable' },
  },
  'integration-node': {
    directory: 'test/integration',
    command: node,
    alone: true,
    lanes: laneCount,
    limit: 900,
    needsRoot: true,
    environment: { TSOCI_TEST_ON: 'node' },
    // The others do not call tsoci, or call the executable whatever the host.
    only: /from '\.{1,2}\/support\/(?:runtime|sandbox)\.ts'/,
  },
  // The specification clause by clause; runc and crun, whose differences are known, say whether the tests judge
  // right. Each of its files keeps all processors busy.
  conformance: {
    directory: 'test/conformance',
    command: node,
    alone: true,
    lanes: 1,
    limit: 900,
    needsRoot: true,
  },
  // containerd and Docker for a quarter of a minute; what is not installed is skipped.
  smoke: { directory: 'test/smoke', command: node, alone: true, lanes: 1, limit: 180, needsRoot: true },
  // Real daemons, and virtual machines, about ten minutes: only when asked for by name.
  engines: {
    directory: 'test/engines',
    command: node,
    alone: true,
    lanes: 1,
    limit: 1800,
    needsRoot: true,
    byName: true,
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    match: { type: 'string', multiple: true, default: [''] },
    verbose: { type: 'boolean', default: false },
  },
});

function filesOf({ directory, only, filter = () => true }: SuiteRow): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, directory, name))
    .filter((path) => values.match.some((text) => relative(root, path).includes(text)))
    .filter((path) => filter(relative(root, path)))
    .filter((path) => only === undefined || only.test(readFileSync(path, 'utf8')))
    .sort();
}

function printResult(result: FileResult): void {
  const name = relative(root, result.file).replace(/\.test\.ts$/, '');
  const counts = [`${result.passed} passed`];
  if (result.failed > 0) counts.push(`${result.failed} failed`);
  if (result.skipped > 0) counts.push(`${result.skipped} skipped`);
  const mark = result.failed > 0 ? 'FAIL' : 'ok  ';
  console.log(`${mark} ${name} · ${counts.join(', ')} · ${(result.milliseconds / 1000).toFixed(1)} s`);
  if (result.problem !== undefined) console.log(`     ${result.problem}`);
  if (result.failed > 0 || values.verbose) console.log(result.output.trim());
}

const total = { passed: 0, failed: 0, skipped: 0 };

function count(result: FileResult): void {
  printResult(result);
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
}

async function runSuite(name: string, row: SuiteRow): Promise<void> {
  const files = filesOf(row);
  const began = Date.now();
  console.log(`\n== ${name}: ${files.length} files`);
  if (row.needsRoot && process.geteuid?.() !== 0) {
    console.log(`skipped: ${name} needs root`);
    total.skipped += files.length;
    return;
  }
  if (row.build) execFileSync(row.build[0] ?? '', row.build.slice(1), { stdio: 'inherit' });
  const worker = row.build ? [] : [join(root, 'scripts', 'test-worker.ts')];
  const run = async (batch: readonly string[]): Promise<void> => {
    for await (const result of runFiles(batch, {
      command: [...row.command, ...worker],
      directory: root,
      limit: row.limit * patience * 1000,
      environment: row.environment ?? {},
    })) {
      count(result);
    }
  };
  if (row.alone) await inLanes(files, row.lanes, (file) => run([file]));
  else await Promise.all(deal(files, row.lanes).map(run));
  console.log(`== ${name}: ${Math.round((Date.now() - began) / 1000)} s`);
}

/** The name by which the short form of test/vm/test is asked for. */
const machines = 'vm';

async function runShortForm(): Promise<void> {
  console.log(`\n== ${machines}: the short form`);
  const began = Date.now();
  await runMachines(root, count);
  console.log(`== ${machines}: ${Math.round((Date.now() - began) / 1000)} s`);
}

const names = [...Object.keys(suites), machines];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}
const everything = positionals.length === 0;
for (const [name, row] of Object.entries(suites))
  if (positionals.includes(name) || (everything && !row.byName)) await runSuite(name, row);
// last: it takes minutes, and only tells what the others cannot
if (positionals.includes(machines) || (everything && values.match.includes(''))) await runShortForm();
if (total.passed + total.failed + total.skipped === 0) {
  console.log('no test ran');
  total.failed = 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
