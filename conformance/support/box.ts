/** One test's containers and files; `close` removes all of them, whatever state they are in. */
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeCgroups } from './cgroups.ts';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { baseConfig, type ConfigChange } from './config.ts';
import { Container } from './container.ts';
import { unmountBelow } from './host-mounts.ts';
import { makeRootfs } from './rootfs.ts';
import type { Runtime } from './runtime.ts';
import { until } from './wait.ts';

/** Thrown by a test that this machine cannot run, with the reason. */
export class Skip extends Error {}

/** What is the same for all tests of a run. */
export interface Suite {
  readonly runtime: Runtime;
  /** Directory for everything that is made on the way; the compiled programs of probe/ lie in it. */
  readonly directory: string;
}

export interface OciOptions extends CommandOptions {
  /** Shell commands that change the calling process before it becomes the runtime. */
  readonly caller?: string;
}

let counter = 0;

export class Box {
  readonly suite: Suite;
  readonly directory: string;
  /** The runtime's state directory. */
  readonly root: string;
  readonly #containers: Container[] = [];
  readonly #ids = new Set<string>();
  readonly #cleanups: (() => unknown)[] = [];

  constructor(suite: Suite) {
    this.suite = suite;
    this.directory = mkdtempSync(join(suite.directory, 't-'));
    // A user namespace's root is nobody here, and has to come through.
    chmodSync(this.directory, 0o755);
    this.root = join(this.directory, 'state');
    mkdirSync(this.root, { mode: 0o700 });
  }

  /** A container id that no other test uses. */
  id(): string {
    const id = `cf-${process.pid}-${counter++}`;
    this.#ids.add(id);
    return id;
  }

  /** Undone before the containers are deleted, the last one first. */
  onClose(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** A fresh directory of the host that everybody may enter. */
  scratch(): string {
    const path = mkdtempSync(join(this.directory, 'files-'));
    chmodSync(path, 0o755);
    return path;
  }

  /** A bundle with the base config, changed; nothing is created yet. */
  container(args: readonly string[], change?: ConfigChange): Container {
    const directory = mkdtempSync(join(this.directory, 'bundle-'));
    chmodSync(directory, 0o755);
    const rootfs = join(directory, 'rootfs');
    mkdirSync(rootfs, { mode: 0o755 });
    makeRootfs(rootfs, this.suite.directory);
    const container = new Container(this, this.id(), directory, baseConfig(args, change));
    this.#containers.push(container);
    return container;
  }

  /** Creates a container that waits for `start`. */
  async created(change?: ConfigChange, args: readonly string[] = ['sleep', '1000']): Promise<Container> {
    const container = this.container(args, change);
    await container.create();
    return container;
  }

  /** Creates and starts a container that sleeps. */
  async running(change?: ConfigChange, args: readonly string[] = ['sleep', '1000']): Promise<Container> {
    const container = await this.created(change, args);
    await container.start();
    return container;
  }

  /** Runs a shell script in a container to its end; gives what it wrote. */
  async script(text: string, change?: ConfigChange): Promise<string> {
    return this.finished(['sh', '-c', text], change);
  }

  /** Runs a program in a container to its end; gives what it wrote to both streams. */
  async finished(args: readonly string[], change?: ConfigChange): Promise<string> {
    const container = await this.running(change, args);
    await container.stopped();
    return container.output();
  }

  /** Fails unless the runtime refuses this config, by create or by start, and no container is left of it. */
  async refused(what: string, change: ConfigChange, args: readonly string[] = ['true']): Promise<void> {
    const container = this.container(args, change);
    const created = await container.tryCreate();
    if (created.code === 0) throw new Error(`${what} was accepted`);
    if ((await this.oci(['state', container.id])).code === 0)
      throw new Error(`${what} was refused, but the container exists`);
  }

  /** Calls the runtime. Rejects when it hangs, which is never what a test wants to see. */
  async oci(args: readonly string[], { caller = '', ...options }: OciOptions = {}): Promise<CommandResult> {
    const command = [...this.suite.runtime.command, '--root', this.root, ...args];
    const result = await runCommand(
      caller === '' ? command : ['sh', '-c', `${caller}; exec "$@"`, 'sh', ...command],
      options,
    );
    if (result.code === 'timeout') throw new Error(`${args.join(' ')} hung`);
    return result;
  }

  /** What the probe says about a process of the host. */
  async probe(pid: number): Promise<ProbeReport> {
    const { code, stdout, stderr } = await runCommand([join(this.suite.directory, 'probe'), String(pid)]);
    if (code !== 0) throw new Error(`probe: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Starts probe/receive.c at a fresh socket, and waits until it listens. It ends with the box. */
  async receiver(kind: 'console' | 'agent', ...rest: string[]): Promise<Receiver> {
    const socket = join(this.scratch(), 's');
    const output = `${socket}-output`;
    const file = openSync(output, 'a');
    const child = spawn(join(this.suite.directory, 'receive'), [kind, socket, ...rest], {
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    this.onClose(() => child.kill('SIGKILL'));
    const says = (pattern: RegExp): Promise<RegExpExecArray> =>
      until(`the receiver says ${pattern}`, () => pattern.exec(readFileSync(output, 'utf8')));
    await says(/listening/);
    return { socket, says, output: () => readFileSync(output, 'utf8') };
  }

  skip(reason: string): never {
    throw new Skip(reason);
  }

  async close(): Promise<void> {
    const problems: unknown[] = [];
    for (const cleanup of this.#cleanups.reverse()) {
      try {
        await cleanup();
      } catch (error) {
        problems.push(error);
      }
    }
    for (const id of this.#ids)
      await this.oci(['delete', '--force', id]).catch((error) => problems.push(error));
    for (const container of this.#containers) container.endLeftovers();
    await until('the containers’ cgroups are gone', () => removeCgroups(this.#ids), 5).catch((error) =>
      problems.push(error),
    );
    unmountBelow(this.directory);
    rmSync(this.directory, { recursive: true, force: true });
    if (problems.length > 0) throw problems[0];
  }
}

/** Somebody at the other end of a UNIX socket; see probe/receive.c. */
export interface Receiver {
  readonly socket: string;
  output(): string;
  /** Waits until it has written something like this. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** See probe/probe.c. */
export interface ProbeReport {
  readonly scheduler: {
    readonly policy: number;
    readonly flags: number;
    readonly nice: number;
    readonly priority: number;
    readonly runtime: number;
    readonly deadline: number;
    readonly period: number;
  };
  readonly ioPriority: { readonly class: number; readonly level: number };
  readonly affinity: readonly number[];
}
