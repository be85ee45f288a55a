/** Runs the runtime under test as its callers do: as a command. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../../..');

/**
 * The two ways to run tsoci: the shipped executable, and the source on Node. `TSOCI_TEST_ON=node` chooses the second.
 */
export const runtimeKind: 'executable' | 'node' =
  process.env['TSOCI_TEST_ON'] === 'node' ? 'node' : 'executable';

/** Another build than this checkout's: the executable itself, or `dist/entry/node.js`. */
const chosen = process.env['TSOCI_TEST_RUNTIME'];

/** Command and first arguments. */
export const runtimeCommand: readonly string[] =
  runtimeKind === 'node'
    ? [process.execPath, chosen ?? `${checkout}/dist/entry/node.js`]
    : [chosen ?? `${checkout}/build/libexec/tsoci`];

if (!existsSync(runtimeCommand.at(-1) ?? '')) {
  throw new Error(`${runtimeCommand.at(-1)} is not there: run \`make build\` first`);
}

/** Milliseconds; an emulated machine (test/vm) is five to fifteen times slower. */
const patience = process.env['TSOCI_TEST_VM'] === '1' ? 180_000 : 60_000;

export interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  readonly input?: string;
  /** Milliseconds until the command is killed; the result then has `signal`. */
  readonly timeout?: number;
  /** Called with the process as soon as there is one. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** Milliseconds of silence after a command's end that count as the end of its output. */
const silence = 15;

/** Runs any command to its end and collects what it says. Ends also when a grandchild keeps the pipes open. */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { input, timeout = patience, onSpawn, ...rest } = options;
  return new Promise((resolvePromise, reject) => {
    const child: ChildProcess = spawn(argv[0] ?? '', argv.slice(1), {
      ...rest,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    onSpawn?.(child);
    const output = { stdout: '', stderr: '' };
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let quiet: NodeJS.Timeout | undefined;
    let chunks = 0;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
        chunks += 1;
        quiet?.refresh();
      });
    }
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const finish = () => {
        clearTimeout(quiet);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolvePromise({ code, signal, ...output });
      };
      child.on('close', finish);
      // A container's process may hold the pipes long after the command; what the command wrote is in them by now.
      quiet = setTimeout(() => {
        // On a busy machine the time may be over before anybody looked into the pipes: look once more.
        const before = chunks;
        setImmediate(() => chunks === before && finish());
      }, silence);
    });
  });
}
