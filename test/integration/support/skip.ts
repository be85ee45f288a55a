/** Tests that not every machine can run. */
import type { Test } from 'uvu';

/** Registers a test; where `condition` does not hold it counts as skipped, and says why. */
export function testWhere(
  test: Test,
  condition: boolean,
  reason: string,
  name: string,
  body: () => Promise<void>,
): void {
  if (condition) {
    test(name, body);
    return;
  }
  console.log(`skipped: "${name}": ${reason}`);
  test.skip(name);
}
