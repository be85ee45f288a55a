import { Box, Skip, type Suite } from './box.ts';
import type { ConformanceTest } from './test.ts';

export interface TestResult {
  readonly test: ConformanceTest;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What went wrong, or why it was skipped. */
  readonly message: string;
  readonly milliseconds: number;
}

const usualSeconds = 60;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function withLimit(seconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${seconds} s`)), seconds * 1000);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    // What goes on after the limit fails when the box closes under it; nobody waits for it any more.
    work.catch(() => undefined);
  }
}

async function runOne(suite: Suite, test: ConformanceTest): Promise<TestResult> {
  const began = Date.now();
  const box = new Box(suite);
  let outcome: TestResult['outcome'] = 'passed';
  let message = '';
  try {
    await withLimit(test.seconds ?? usualSeconds, test.run(box));
  } catch (error) {
    outcome = error instanceof Skip ? 'skipped' : 'failed';
    message = messageOf(error);
  }
  try {
    await box.close();
  } catch (error) {
    if (outcome !== 'failed') message = `afterwards: ${messageOf(error)}`;
    outcome = 'failed';
  }
  return { test, outcome, message, milliseconds: Date.now() - began };
}

/** Runs tests, `jobs` at a time, those that have to be alone last; calls `report` in the order in which they end. */
export async function runTests(
  suite: Suite,
  tests: readonly ConformanceTest[],
  jobs: number,
  report: (result: TestResult) => void,
): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  const run = async (queue: ConformanceTest[]): Promise<void> => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      const result = await runOne(suite, test);
      results.push(result);
      report(result);
    }
  };
  const together = tests.filter(({ alone }) => !alone);
  await Promise.all(Array.from({ length: jobs }, () => run(together)));
  await run(tests.filter(({ alone }) => alone));
  return results;
}
