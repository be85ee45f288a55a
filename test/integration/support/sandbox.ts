/** One test's containers, and the proof that nothing of them is left. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, type ConfigChange, makeBundle } from './bundle.ts';
import { type CommandOptions, type CommandResult, runCommand, runtimeCommand } from './runtime.ts';

let counter = 0;

/** A state directory, bundles and containers of one test. `close` removes all of them, whatever state they are in. */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), 'tsoci-state-'));
  readonly #bundles: Bundle[] = [];
  readonly #ids = new Set<string>();

  /** A fresh container id, removed with the sandbox. */
  id(): string {
    const id = `tsoci-test-${process.pid}-${counter++}`;
    this.#ids.add(id);
    return id;
  }

  bundle(args: readonly string[], change?: ConfigChange): Bundle {
    const bundle = makeBundle(args, change);
    this.#bundles.push(bundle);
    return bundle;
  }

  /** Runs `tsoci --root … ARGS`. */
  tsoci(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand([...runtimeCommand, '--root', this.root, ...args], options);
  }

  /** Runs a container in the foreground and gives what it printed. */
  run(args: readonly string[], change?: ConfigChange, options: readonly string[] = []): Promise<CommandResult> {
    const bundle = this.bundle(args, change);
    return this.tsoci(['run', '--bundle', bundle.directory, ...options, this.id()]);
  }

  /** Creates and starts a container that sleeps; gives its id. */
  async running(change?: ConfigChange, args: readonly string[] = ['sleep', '1000']): Promise<string> {
    const id = this.id();
    expectSuccess(await this.tsoci(['create', '--bundle', this.bundle(args, change).directory, id]));
    expectSuccess(await this.tsoci(['start', id]));
    return id;
  }

  async state(id: string): Promise<{ status: string; pid: number } & Record<string, unknown>> {
    return JSON.parse(expectSuccess(await this.tsoci(['state', id])).stdout);
  }

  async close(): Promise<void> {
    for (const id of this.#ids) await this.tsoci(['delete', '--force', id]);
    for (const bundle of this.#bundles) bundle.remove();
    const leftovers = [...this.#ids].flatMap((id) => leftoversOf(id, this.root));
    rmSync(this.root, { recursive: true, force: true });
    if (leftovers.length > 0) throw new Error(`left behind: ${leftovers.join(', ')}`);
  }
}

/** Throws with all that the command said unless it succeeded. */
export function expectSuccess(result: CommandResult): CommandResult {
  if (result.code !== 0) {
    throw new Error(`exit ${result.code ?? result.signal}: ${result.stderr.trim()} ${result.stdout.trim()}`);
  }
  return result;
}

/** Cgroups, mounts, state and processes that still carry a container's id. */
export function leftoversOf(id: string, root: string): string[] {
  const found: string[] = [];
  for (const controller of readdirSync('/sys/fs/cgroup')) {
    const path = `/sys/fs/cgroup/${controller}/${id}`;
    if (existsSync(path)) found.push(path);
  }
  if (existsSync(join(root, id))) found.push(join(root, id));
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    if (line.includes(id)) found.push(`mount ${line.split(' ')[4]}`);
  }
  return found;
}

/** Runs `body` with a sandbox that is closed afterwards, also when the body throws. */
export async function withSandbox(body: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = new Sandbox();
  try {
    await body(sandbox);
  } finally {
    await sandbox.close();
  }
}
