/** Every test of the conformance suite, on the executable. */
import { join } from 'node:path';
import { suite } from 'uvu';
import { runConformance } from './support/run-conformance.ts';

const executable = join(import.meta.dirname, '../../build/libexec/tsoci');
const test = suite('conformance: tsoci');
const report = await runConformance(executable);

for (const { name, outcome, message } of report.tests) {
  if (outcome === 'skipped') {
    console.log(`skipped: "${name}": ${message}`);
    test.skip(name);
  } else {
    test(name, () => {
      if (outcome === 'failed') throw new Error(message);
    });
  }
}

test.run();
