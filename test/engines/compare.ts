/**
 * What a person at `ctr` or `docker` waits for, with runc and with the tested runtime in turn: medians and minima in milliseconds.
 *
 *   node --import tsx test/engines/compare.ts [ROUNDS]
 */
import { performance } from 'node:perf_hooks';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { Containerd, image as imageOfContainerd } from './support/containerd.ts';
import { Docker, image as imageOfDocker } from './support/docker.ts';
import { engineRuntime, runtimeName } from './support/engine-runtime.ts';

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

console.log(`| what | runc | ${runtimeName} | ratio of medians | of minima |\n|---|---|---|---|---|`);
const containerd = await Containerd.open();
await withContainerd(containerd).finally(() => containerd.close());
const docker = await Docker.open();
await withDocker(docker).finally(() => docker.close());
