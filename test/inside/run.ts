/**
 * Runs unit tests in the engine of the shipped executable, as scripts/test-worker.ts does on Node: the same lines for
 * scripts/test.ts, the same order. scripts/build-unit-tests.ts writes the list of files.
 */
import '../../src/entry/engine-globals.ts';
// biome-ignore lint/suspicious/noTsIgnore: the list exists in the bundle alone
// @ts-ignore
import { files as listed } from 'unit-test-files';
import { engine } from '../../src/entry/engine-globals.ts';
import { native } from './process.ts';

const files = listed as Readonly<Record<string, () => Promise<unknown>>>;

type Suite = () => Promise<readonly [string | true, passed: number, skipped: number, total: number]>;

const uvu = globalThis as { UVU_DEFER?: number; UVU_INDEX?: number; UVU_QUEUE?: (string | Suite)[][] };

const marker = '\x1e';

function tell(event: Readonly<Record<string, unknown>>): void {
  native.write(1, `\n${marker}${JSON.stringify(event)}\n`);
}

async function runFile(path: string): Promise<void> {
  const load = Object.entries(files).find(([name]) => path.endsWith(name))?.[1];
  if (!load) throw new Error(`${path} is not in this build`);
  const queue: (string | Suite)[] = [];
  uvu.UVU_QUEUE = [queue];
  const count = { passed: 0, failed: 0, skipped: 0 };
  tell({ begin: path });
  await load();
  for (const suite of queue) {
    if (typeof suite === 'string') continue;
    const [errors, passed, skipped, total] = await suite();
    if (typeof errors === 'string') native.write(1, `\n${errors}\n`);
    count.passed += passed;
    count.failed += total - passed;
    count.skipped += skipped;
  }
  tell({ end: path, ...count });
}

async function runAll(): Promise<number> {
  uvu.UVU_DEFER = 1;
  uvu.UVU_INDEX = 0;
  for (const path of engine.arguments()) await runFile(path);
  return 0;
}

engine.main(() => {
  runAll().then(engine.exit, (error) => {
    engine.complain(`${error}\n${(error as Error).stack}\n`);
    engine.exit(70);
  });
});
