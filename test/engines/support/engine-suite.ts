import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import { engineRuntime, runtimeName } from './engine-runtime.ts';

/** Something that was started for a file of tests. */
export interface Closable {
  /** Ends and removes all of it. Gives what it should not have found any more. */
  close(): Promise<readonly string[]>;
}

export interface EngineSuite<E> {
  (title: string, body: (engine: E) => Promise<void>, needs?: readonly string[]): void;
  /** Registers the last test: the engine ends, and nothing of it is left. Then runs the suite. */
  run(): void;
}

const inPath = (command: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { stdio: 'ignore' }).status === 0;

/** Why these commands (`command=package`) keep a test from running, if they do. */
export function whyNot(commands: readonly string[]): string | undefined {
  if (process.geteuid?.() !== 0) return 'it needs root';
  if (!existsSync(engineRuntime)) return `${engineRuntime} is not there: run \`make build\``;
  const absent = commands.filter((each) => !inPath(each.split('=')[0] as string));
  if (absent.length === 0) return undefined;
  const packages = absent.map((each) => each.split('=').at(-1)).join(', ');
  return `it needs ${packages}`;
}

/**
 * Tests that share an engine, which the first of them starts. Where `commands` are not installed all of them are
 * skipped, and the output says why.
 */
export function engineSuite<E extends Closable>(
  name: string,
  commands: readonly string[],
  open: () => Promise<E>,
  called = runtimeName,
): EngineSuite<E> {
  const test = suite(`${name} calls ${called}`);
  let engine: Promise<E> | undefined;
  const register = (
    title: string,
    body: (engine: E) => Promise<void>,
    needs: readonly string[] = [],
  ): void => {
    const reason = whyNot([...commands, ...needs]);
    if (reason === undefined) {
      test(title, async () => {
        engine ??= open();
        await body(await engine);
      });
      return;
    }
    console.log(`skipped: "${title}": ${reason}`);
    test.skip(title);
  };
  const run = (): void => {
    register(`${name} ends, and nothing of it is left`, async (running) => {
      const left = await running.close();
      if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    });
    test.run();
  };
  return Object.assign(register, { run });
}
