/** Another runtime under the conformance suite: it may differ only where that is known and has a reason. */

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import { type Difference, names } from '../../../conformance/differences/difference.ts';
import { testWhere } from '../../integration/support/skip.ts';
import { runConformance } from './run-conformance.ts';

/** A failure that does not come back when its test runs by itself is the machine's, and no difference. */
async function failsAgain(runtime: string, name: string): Promise<boolean> {
  const { tests } = await runConformance(runtime, name);
  return tests.some((each) => each.name === name && each.outcome === 'failed');
}

async function findUnexplained(runtime: string, differences: readonly Difference[]): Promise<string[]> {
  const { version, tests } = await runConformance(runtime);
  const failed = tests.filter(({ outcome }) => outcome === 'failed');
  const known = failed.filter(({ name, message = '' }) =>
    differences.some((each) => names(each, name) && (each.message?.test(message) ?? true)),
  );
  console.log(`${runtime} ${version}: ${tests.length} tests, ${known.length} differ as recorded`);
  const unexplained: string[] = [];
  for (const { name, message } of failed.filter((each) => !known.includes(each)))
    if (await failsAgain(runtime, name)) unexplained.push(`${name}: ${message}`);
  return unexplained;
}

/** Registers and runs the calibration of the suite by one runtime; skipped where it is not installed. */
export function calibrate(runtime: string, differences: readonly Difference[]): void {
  const test = suite(`conformance: ${runtime}`);
  const isThere = spawnSync(runtime, ['--version']).status === 0;
  testWhere(
    test,
    isThere,
    `${runtime} is not installed`,
    'differs from the specification only where that is recorded',
    async () => {
      assert.deepEqual(await findUnexplained(runtime, differences), []);
    },
  );
  test.run();
}
