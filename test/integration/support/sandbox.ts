/** One test's containers, and the proof that nothing of them is left. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, type ConfigChange, makeBundle } from './bundle.ts';
import { leftoversOfAll, mountsNaming } from './leftovers.ts';
import { type CommandOptions, type CommandResult, runCommand, runtimeCommand } from './runtime.ts';
import { until } from './wait.ts';

let counter = 0;

/** What `state` prints. */
export interface PrintedState extends Record<string, unknown> {
  readonly status: string;
  readonly pid: number;
}

/** A state directory, bundles and containers of one test. `close` removes all of them, whatever state they are in. */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), 'tsoci-state-'));
  /** Command and first arguments of the runtime: tsoci, or another one to compare with. */
  readonly runtime: readonly string[];
  readonly #bundles: Bundle[] = [];
  readonly #ids = new Set<string>();
  readonly #cleanups: (() => unknown)[] = [];

  constructor(runtime: readonly string[] = runtimeCommand) {
    this.runtime = runtime;
  }

  /** A fresh container id, removed with the sandbox. */
  id(): string {
    const id = `tsoci-test-${process.pid}-${counter++}`;
    this.#ids.add(id);
    return id;
  }

  /** Undone before the containers are deleted, last one first. */
  onClose(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** A child of this test ends with the sandbox, and before what was made earlier is removed, which it may use. */
  endsWith(child: ChildProcess): void {
    this.onClose(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    });
  }

  /** A directory of the host that goes away with the sandbox. */
  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'tsoci-files-'));
    this.onClose(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  bundle(args: readonly string[], change?: ConfigChange): Bundle {
    const bundle = makeBundle(args, change);
    this.#bundles.push(bundle);
    return bundle;
  }

  /** A bundle whose process is a shell script. */
  script(text: string, change?: ConfigChange): Bundle {
    return this.bundle(['sh', '-c', text], change);
  }

  /** Runs `tsoci --root … ARGS`. */
  tsoci(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand([...this.runtime, '--root', this.root, ...args], options);
  }

  /** Runs a container in the foreground and gives what it printed. */
  run(
    args: readonly string[],
    change?: ConfigChange,
    options: readonly string[] = [],
  ): Promise<CommandResult> {
    return this.runBundle(this.bundle(args, change), options);
  }

  runBundle(
    bundle: Bundle,
    options: readonly string[] = [],
    command: CommandOptions = {},
  ): Promise<CommandResult> {
    return this.tsoci(['run', '--bundle', bundle.directory, ...options, this.id()], command);
  }

  /** Runs a shell script in a container; gives what it printed, and throws unless it succeeded. */
  async output(script: string, change?: ConfigChange, options: readonly string[] = []): Promise<string> {
    return expectSuccess(await this.run(['sh', '-c', script], change, options)).stdout;
  }

  /** Creates a container; gives its id. */
  async created(args: readonly string[], change?: ConfigChange, options: readonly string[] = []) {
    const id = this.id();
    const { directory } = this.bundle(args, change);
    expectSuccess(await this.tsoci(['create', '--bundle', directory, ...options, id]));
    return id;
  }

  /** Creates and starts a container that sleeps; gives its id. */
  async running(change?: ConfigChange, args: readonly string[] = ['sleep', '1000']): Promise<string> {
    const id = await this.created(args, change);
    expectSuccess(await this.tsoci(['start', id]));
    return id;
  }

  /** Waits until a container that was told to end has ended. */
  async stopped(id: string): Promise<void> {
    await until(`${id} stops`, async () => (await this.state(id)).status === 'stopped');
  }

  async state(id: string): Promise<PrintedState> {
    return JSON.parse(expectSuccess(await this.tsoci(['state', id])).stdout);
  }

  /** What is left of all containers of this sandbox that were not deleted. */
  leftovers(): string[] {
    return leftoversOfAll([...this.#ids], this.root);
  }

  async close(): Promise<void> {
    const problems: string[] = [];
    for (const cleanup of this.#cleanups.reverse())
      try {
        await cleanup();
      } catch (error) {
        // Told below; the others are not left for it.
        problems.push(String(error));
      }
    // One that left no state is not there for delete either, and most were deleted long ago; the leftovers tell of
    // the rest.
    for (const id of [...this.#ids].filter((each) => existsSync(join(this.root, each)))) {
      const { code, stderr } = await this.tsoci(['delete', '--force', id]);
      if (code !== 0) problems.push(`delete --force ${id}: ${stderr.trim()}`);
    }
    problems.push(...this.leftovers());
    problems.push(...this.#bundles.flatMap(({ directory }) => mountsNaming(directory)));
    for (const bundle of this.#bundles) bundle.remove();
    rmSync(this.root, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(`left behind: ${problems.join(', ')}`);
  }
}

/** Throws with all that the command said unless it succeeded. */
export function expectSuccess(result: CommandResult): CommandResult {
  if (result.code !== 0) {
    throw new Error(`exit ${result.code ?? result.signal}: ${result.stderr.trim()} ${result.stdout.trim()}`);
  }
  return result;
}

/** Throws unless the command was refused with this status and a message like that. */
export function expectRefusal(result: CommandResult, message: RegExp, code = 1): void {
  if (result.code !== code || !message.test(result.stderr)) {
    const told = `${result.stderr.trim()} ${result.stdout.trim()}`;
    throw new Error(`wanted exit ${code} and ${message}, got exit ${result.code ?? result.signal}: ${told}`);
  }
  // A person reads this: our own stack traces, and JavaScript's words for things, have no place in it.
  if (/\bat .+:\d+:\d+|undefined|\[object /.test(result.stderr))
    throw new Error(`not a message for people: ${result.stderr}`);
}

/** Runs `body` with a sandbox that is closed afterwards, also when the body throws. */
export async function withSandbox(body: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = new Sandbox();
  let failed = true;
  try {
    await body(sandbox);
    failed = false;
  } finally {
    // What the body threw says more than what it could not clean up then.
    await sandbox.close().catch((error: unknown) => {
      if (!failed) throw error;
      console.log(String(error));
    });
  }
}

/** Writes a bundle's config.json as it stands: for configs that no program would write. */
export function writeConfig(bundle: Bundle, text: string): void {
  writeFileSync(join(bundle.directory, 'config.json'), text);
}

/** The lines of /proc/PID/status as a table. */
export function procStatus(pid: number | 'self', text = readFileSync(`/proc/${pid}/status`, 'utf8')) {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => /^([^:]*):\s*(.*)$/.exec(line)?.slice(1) ?? [line, '']),
  ) as Record<string, string>;
}

/** Open descriptors of a process, ascending. */
export function descriptorsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((a, b) => a - b);
}
