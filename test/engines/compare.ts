/**
 * What a person at `ctr` or `docker` waits for, with runc and with the tested runtime in turn: medians and minima in
 * milliseconds. Then, in rounds of their own, how much of it are the calls of the runtime, which a shell script
 * between the two takes the time of.
 *
 *   node --import tsx test/engines/compare.ts [ROUNDS]
 */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { Containerd, image as imageOfContainerd } from './support/containerd.ts';
import { Docker, image as imageOfDocker } from './support/docker.ts';
import { engineRuntime, runtimeName } from './support/engine-runtime.ts';
import type { Laboratory } from './support/laboratory.ts';

const rounds = Number(process.argv[2] ?? 25);
const runtimes = ['runc', engineRuntime] as const;
/** Milliseconds between two calls: what an engine sees when a container starts now and then. */
const rest = 50;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Calls `run` with each runtime in turn, and prints a row of the table. */
async function compare(
  name: string,
  run: (runtime: string, round: number) => Promise<unknown>,
): Promise<void> {
  const times = new Map<string, number[]>(runtimes.map((runtime) => [runtime, []]));
  for (let round = 0; round < rounds; round++) {
    for (const runtime of round % 2 === 0 ? runtimes : [...runtimes].reverse()) {
      const begin = performance.now();
      await run(runtime, round);
      times.get(runtime)?.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }
  const [theirs = [], ours = []] = runtimes.map((runtime) => times.get(runtime));
  const ratio = (of: (values: readonly number[]) => number) => (of(ours) / of(theirs)).toFixed(2);
  const minimum = (values: readonly number[]) => Math.min(...values);
  const cells = [median(theirs), median(ours)].map((value) => value.toFixed(0));
  console.log(`| ${[name, ...cells, ratio(median), ratio(minimum)].join(' | ')} |`);
}

/** A script in the runtime's place that writes down how long each of its calls takes. */
class Recorder {
  readonly path: string;
  readonly #log: string;

  constructor(laboratory: Laboratory, runtime: string) {
    this.path = laboratory.path(`recorded-${short(runtime)}`);
    this.#log = `${this.path}.log`;
    const lines = ['#!/bin/bash', 'begin=$EPOCHREALTIME', `"$(command -v ${runtime})" "$@"`, 'status=$?'];
    lines.push(`echo "$begin $EPOCHREALTIME $*" >> ${this.#log}`, 'exit $status');
    writeFileSync(this.path, `${lines.join('\n')}\n`);
    chmodSync(this.path, 0o755);
  }

  /** The calls since the last time: command and milliseconds. */
  calls(): { command: string; milliseconds: number }[] {
    if (!existsSync(this.#log)) return [];
    const lines = readFileSync(this.#log, 'utf8').trim().split('\n');
    rmSync(this.#log);
    return lines.map((line) => {
      const [begin, end, ...words] = line.split(' ');
      const command = words.find((word) =>
        /^(create|start|state|kill|delete|exec|features|ps|events)$/.test(word),
      );
      return { command: command ?? words.join(' '), milliseconds: (Number(end) - Number(begin)) * 1000 };
    });
  }
}

/** Prints what the calls of the runtime take in `run`. */
async function takeApart(
  name: string,
  recorders: readonly Recorder[],
  run: (recorder: Recorder, round: string) => Promise<unknown>,
): Promise<void> {
  const times = recorders.map(() => new Map<string, number[]>());
  for (let round = 0; round < rounds; round++)
    for (const [index, recorder] of recorders.entries()) {
      await run(recorder, `apart-${index}-${round}`);
      await new Promise((resolve) => setTimeout(resolve, rest));
      for (const { command, milliseconds } of recorder.calls())
        times[index]?.set(command, [...(times[index]?.get(command) ?? []), milliseconds]);
    }
  for (const command of new Set(times.flatMap((each) => [...each.keys()]))) {
    const of = times.map((each) => each.get(command) ?? []);
    const cells = of.map((each) => `${(each.length / rounds).toFixed(1)} × ${median(each).toFixed(1)}`);
    console.log(`| ${[name, command, ...cells].join(' | ')} |`);
  }
}

const short = (runtime: string): string => runtime.slice(runtime.lastIndexOf('/') + 1);

async function withContainerd(engine: Containerd): Promise<void> {
  const options = (runtime: string) => ['--runc-binary', runtime, '--runc-root', engine.path('runtime')];
  const ctr = async (...args: readonly string[]) => expectSuccess(await engine.ctr(args));
  for (const runtime of runtimes)
    await ctr(
      'run',
      '--detach',
      ...options(runtime),
      imageOfContainerd,
      `box-${short(runtime)}`,
      'sleep',
      '1000',
    );
  await compare('`ctr run --rm … true`', (runtime, round) =>
    ctr('run', '--rm', ...options(runtime), imageOfContainerd, `${short(runtime)}-${round}`, 'true'),
  );
  await compare('`ctr tasks exec … true`', (runtime, round) =>
    ctr('tasks', 'exec', '--exec-id', `exec-${round}`, `box-${short(runtime)}`, 'true'),
  );
}

async function takeContainerdApart(engine: Containerd): Promise<void> {
  const recorders = runtimes.map((runtime) => new Recorder(engine, runtime));
  await takeApart('`ctr run --rm … true`', recorders, async ({ path }, id) => {
    const options = ['--runc-binary', path, '--runc-root', engine.path('runtime')];
    expectSuccess(await engine.ctr(['run', '--rm', ...options, imageOfContainerd, id, 'true']));
  });
}

async function takeDockerApart(engine: Docker): Promise<void> {
  const recorders = runtimes.map((runtime) => new Recorder(engine, runtime));
  await engine.crash();
  await engine.start(recorders.flatMap(({ path }) => ['--add-runtime', `${short(path)}=${path}`]));
  await takeApart('`docker run --rm … true`', recorders, ({ path }) =>
    engine.ok(['run', '--rm', '--runtime', short(path), '--network', 'none', imageOfDocker, 'true']),
  );
}

async function withDocker(engine: Docker): Promise<void> {
  const option = (runtime: string) => [
    '--runtime',
    runtime === 'runc' ? 'runc' : 'tested',
    '--network',
    'none',
  ];
  for (const runtime of runtimes)
    await engine.ok([
      'run',
      '--detach',
      '--name',
      `box-${short(runtime)}`,
      ...option(runtime),
      imageOfDocker,
      'sleep',
      '1000',
    ]);
  await compare('`docker run --rm … true`', (runtime) =>
    engine.ok(['run', '--rm', ...option(runtime), imageOfDocker, 'true']),
  );
  await compare('`docker exec … true`', (runtime) => engine.ok(['exec', `box-${short(runtime)}`, 'true']));
}

console.log(`load ${loadavg()[0]?.toFixed(1)}`);
console.log(`| what | runc | ${runtimeName} | ratio of medians | of minima |\n|---|---|---|---|---|`);
const containerd = await Containerd.open();
await withContainerd(containerd).finally(() => containerd.close());
const docker = await Docker.open();
await withDocker(docker).finally(() => docker.close());
console.log(`\n| in | call | runc | ${runtimeName} |\n|---|---|---|---|`);
const again = await Containerd.open();
await takeContainerdApart(again).finally(() => again.close());
const dockerAgain = await Docker.open();
await takeDockerApart(dockerAgain).finally(() => dockerAgain.close());
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
