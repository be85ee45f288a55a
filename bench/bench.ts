/**
 * Measures tsoci beside the other runtimes that are installed, on the same bundle, in turn within one run.
 *
 *   node --import tsx bench/bench.ts [--quick] [--rounds N] [--containers N] [--only WORD] [--scale] [--tsoci FILE]
 *       [--json FILE] [--svg FILE]
 *
 * --scale measures with 500 containers alive, and nothing else.
 * Needs root (it makes containers), a C compiler (the timing helper) and a static busybox.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Arena } from './arena.ts';
import { type Bundles, makeBundles } from './bundle.ts';
import { findContender, findLaunchers } from './contender.ts';
import { describeMachine } from './machine.ts';
import { picture } from './picture.ts';
import { type Place, Recorder, type Report } from './report.ts';
import { scenarios } from './scenarios.ts';
import { compileSpawnTimer } from './spawn-timer.ts';
import { table } from './table.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    containers: { type: 'string' },
    only: { type: 'string' },
    scale: { type: 'boolean', default: false },
    tsoci: { type: 'string', default: 'build/libexec/tsoci' },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});

/** Without the cgroup2 mount of a hybrid system; nothing to do where there is none. */
const withoutUnified = [
  ...['unshare', '-m', '--propagation', 'private', 'sh', '-c'],
  'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"',
  'sh',
];

function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`"${text}": expected a number of at least 1`);
  return value;
}

/** State lies in memory, as /run does on a usual system; /run itself may be on a disk here. */
function stateBase(): string {
  for (const base of ['/dev/shm', '/run']) {
    if (statSync(base, { throwIfNoEntry: false })?.isDirectory()) return base;
  }
  return tmpdir();
}

function makeArenas(work: string, states: string): Arena[] {
  const timer = compileSpawnTimer(work);
  const make = (name: string, names: readonly [string, string][], wrapper: readonly string[]) => {
    const found = names.map(([label, file]) => findContender(label, file, states));
    const contenders = found.filter((contender) => contender !== undefined);
    return new Arena(name, contenders, { directory: work, timer, wrapper });
  };
  const ours: [string, string] = ['tsoci', options.tsoci];
  return [
    make('compared', [['runc', 'runc'], ['crun', 'crun'], ours], withoutUnified),
    make('hybrid', [['runc', 'runc'], ours], []),
  ];
}

async function measure(place: Place, recorder: Recorder): Promise<void> {
  const only = options.scale ? 'many containers' : options.only;
  for (const scenario of scenarios) {
    if (only !== undefined && !scenario.name.includes(only)) continue;
    for (const arena of place.arenas) {
      if (scenario.arena !== 'each' && scenario.arena !== arena.name) continue;
      const began = performance.now();
      process.stderr.write(`${scenario.name} (${arena.name}) … `);
      await scenario.run(arena, place, recorder);
      process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
  }
}

function publish(report: Report): void {
  process.stdout.write(table(report));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.svg !== undefined) writeFileSync(options.svg, picture(report));
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('containers with all namespaces need root: run it as root');
  const work = mkdtempSync(join(tmpdir(), 'tsoci-bench-'));
  const states = mkdtempSync(join(stateBase(), 'tsoci-bench-'));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  let arenas: Arena[] = [];
  try {
    const bundles: Bundles = makeBundles(work);
    arenas = makeArenas(work, states);
    if (!arenas.some((arena) => arena.contenders.some(({ name }) => name === 'tsoci'))) {
      throw new Error(
        `${options.tsoci} is not there: build it with make build, or name another with --tsoci`,
      );
    }
    const place: Place = {
      arenas,
      bundles,
      launchers: findLaunchers(),
      rounds: number(options.rounds, options.quick ? 12 : 50),
      containers: number(options.containers, options.scale ? 500 : options.quick ? 40 : 200),
      quick: options.quick,
      interrupted: interrupted.signal,
    };
    const recorder = new Recorder();
    await measure(place, recorder);
    publish(recorder.report(describeMachine(), place));
  } finally {
    for (const arena of arenas) {
      await arena.clean();
      arena.timer.close();
    }
    rmSync(work, { recursive: true, force: true });
    rmSync(states, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
