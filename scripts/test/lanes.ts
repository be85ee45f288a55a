import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';

/**
 * How many test files at a time: one more than can run, since they wait a good deal. An emulated machine has one
 * processor.
 */
export const laneCount = process.env['TSOCI_TEST_VM'] === '1' ? 1 : availableParallelism() + 1;

/**
 * What a test file says in the comment that it begins with when it measures the machine, or changes it for all
 * others.
 */
const saysAlone = /^\/\*\*(?:[^*]|\*(?!\/))*\bRuns alone\b/;

/**
 * These take longest: begun last, one of them would run by itself for a minute at the end. A name that is not there
 * does no harm.
 */
const first = ['races', 'killed', 'any-config', 'refused-paths', 'engine-aarch64', 'bad-input', 'handles'];

function place(file: string): number {
  const index = first.indexOf(basename(file, '.test.ts'));
  return index < 0 ? first.length : index;
}

/** Runs `run` for each file, `lanes` at a time; those that run alone come last, one by one. */
export async function inLanes(
  files: readonly string[],
  lanes: number,
  run: (file: string) => Promise<void>,
): Promise<void> {
  const work = async (queue: string[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await run(file);
  };
  const isAlone = (file: string) => saysAlone.test(readFileSync(file, 'utf8'));
  const together = files.filter((file) => !isAlone(file)).sort((one, other) => place(one) - place(other));
  await Promise.all(Array.from({ length: lanes }, () => work(together)));
  await work(files.filter(isAlone));
}

/**
 * Cuts a list of files into `count` parts that take about as long: neighbours, which are alike, go into different
 * ones.
 */
export function deal(files: readonly string[], count: number): readonly (readonly string[])[] {
  return Array.from({ length: count }, (_, part) =>
    files.filter((_file, index) => index % count === part),
  ).filter((part) => part.length > 0);
}
