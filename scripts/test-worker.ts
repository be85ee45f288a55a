/**
 * Runs test files one after the other in this process and tells scripts/test.ts about each: a line that begins with
 * `marker`, then JSON. Anything else on standard output belongs to the file that began last.
 *
 *   node --import tsx scripts/test-worker.ts FILE…
 */
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** What uvu puts into its queue: a suite that runs and counts. Its first value is an error text, or `true`. */
type Suite = () => Promise<readonly [string | true, passed: number, skipped: number, total: number]>;

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  UVU_QUEUE?: (string | Suite)[][];
}

const marker = '\x1e';
const uvu = globalThis as UvuGlobals;

function tell(event: Readonly<Record<string, unknown>>): void {
  let line = Buffer.from(`\n${marker}${JSON.stringify(event)}\n`);
  while (line.length > 0) line = line.subarray(write(line));
}

/** Node's standard output does not block: it is full while the parent has not read yet what was printed. */
function write(bytes: Buffer): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}

async function runFile(file: string): Promise<void> {
  const queue: (string | Suite)[] = [];
  uvu.UVU_QUEUE = [queue];
  const count = { passed: 0, failed: 0, skipped: 0 };
  tell({ begin: file });
  await import(pathToFileURL(file).href);
  for (const suite of queue) {
    if (typeof suite === 'string') continue;
    const [errors, passed, skipped, total] = await suite();
    if (typeof errors === 'string') console.log(`\n${errors}`);
    // Not from `errors`: uvu loses the error of a failing before() or after.each(), and then only the numbers
    // disagree.
    else if (passed < total) console.log(`\n  ${total - passed} tests did not run: a hook failed`);
    count.passed += passed;
    count.failed += total - passed;
    count.skipped += skipped;
  }
  tell({ end: file, ...count });
}

uvu.UVU_DEFER = 1;
uvu.UVU_INDEX = 0;
// A rejection that nobody handles is a failure of the file that runs; the parent sees that no `end` came.
process.on('unhandledRejection', (reason) => {
  console.error(reason);
  process.exit(70);
});
for (const file of process.argv.slice(2)) await runFile(file);
// Whatever a file left open must not keep the run alive; the files themselves are checked for what they leave in the
// system.
process.exit(0);
