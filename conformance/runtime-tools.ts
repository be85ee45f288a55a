/**
 * Runs the validation programs of the public OCI runtime-tools against a runtime. Status 1 when one failed that is
 * not known-bad.
 *
 *   node --import tsx conformance/runtime-tools.ts DIRECTORY [--runtime PATH] [--match TEXT] [--jobs N] [--timeout
 *       SECONDS]
 *                                                            [--hide-unified auto|yes|no] [--json FILE]
 *
 * DIRECTORY is where `make runtimetest validation-executables` was run in a checkout of runtime-tools.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { judge, type Verdict } from './runtime-tools/judge.ts';
import { runProgram, usesFixedCgroups } from './runtime-tools/run-program.ts';
import { tableOf } from './runtime-tools/table.ts';
import { hasHybridMount, withoutHybridMount } from './support/host.ts';
import { identifyRuntime } from './support/runtime.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: {
      type: 'string',
      default: process.env['RUNTIME'] || resolve(import.meta.dirname, '../build/libexec/tsoci'),
    },
    match: { type: 'string', default: '' },
    jobs: { type: 'string', default: '3' },
    timeout: { type: 'string', default: '120' },
    'hide-unified': { type: 'string', default: 'auto' },
    json: { type: 'string' },
  },
});

/** The programs that were built, by path. Throws with what to do when there are none. */
function findPrograms(directory: string): string[] {
  const validation = join(directory, 'validation');
  const names = existsSync(validation) ? readdirSync(validation) : [];
  const programs = names
    .map((name) => join(validation, name, `${name}.t`))
    .filter((path) => existsSync(path));
  if (programs.length === 0 || !existsSync(join(directory, 'runtimetest'))) {
    throw new Error(`${directory} has no programs: run \`make runtimetest validation-executables\` there`);
  }
  return programs.filter((path) => basename(path).includes(values.match));
}

async function runAll(
  tools: string,
  runtime: string,
  report: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'runtime-tools-'));
  chmodSync(scratch, 0o755);
  const programs = findPrograms(tools);
  const verdicts: Verdict[] = [];
  const work = async (queue: string[]): Promise<void> => {
    for (let program = queue.shift(); program !== undefined; program = queue.shift()) {
      const output = await runProgram(program, tools, runtime, scratch, Number(values.timeout) * 1000);
      const verdict = judge(basename(program, '.t'), output);
      verdicts.push(verdict);
      report(verdict);
    }
  };
  try {
    const together = programs.filter((program) => !usesFixedCgroups(program));
    const others = Math.max(1, Number(values.jobs) - 1);
    await Promise.all([
      work(programs.filter(usesFixedCgroups)),
      ...Array.from({ length: others }, () => work(together)),
    ]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return verdicts.sort((a, b) => a.name.localeCompare(b.name));
}

const [directory] = positionals;
if (directory === undefined) {
  console.error('usage: runtime-tools.ts DIRECTORY [--runtime PATH]');
  process.exit(2);
}
const path = values.runtime.includes('/') ? resolve(values.runtime) : values.runtime;
const runtime = await identifyRuntime(path);
const hide =
  values['hide-unified'] === 'yes' || (values['hide-unified'] === 'auto' && runtime.name === 'crun');
if (hide && hasHybridMount()) {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--hide-unified', 'no'];
  const [program = '', ...args] = withoutHybridMount(again);
  process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
} else {
  console.log(`${runtime.name} ${runtime.version}`);
  const verdicts = await runAll(resolve(directory), path, ({ name, result }) =>
    console.error(`${result} ${name}`),
  );
  for (const line of tableOf(verdicts)) console.log(line);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ runtime: runtime.name, version: runtime.version, verdicts }, null, 2)}\n`,
    );
  }
  process.exitCode = verdicts.some(({ result }) => result === 'failed') ? 1 : 0;
}
