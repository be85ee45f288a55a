/** A Debian system with systemd in a container, from docs/operating-system. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../../../src/spec/config.ts';
import type { ConfigChange, Mutable } from './bundle.ts';
import { Receiver } from './receiver.ts';
import type { CommandResult } from './runtime.ts';
import { expectSuccess, type Sandbox } from './sandbox.ts';
import { until } from './wait.ts';

const documented = resolve(import.meta.dirname, '../../../docs/operating-system/config.json');
/** What `test/vm/debian` makes. */
const roots = join(process.env['TSOCI_VM_CACHE'] ?? '/var/tmp/tsoci-test-vm', 'debian');

/** Whether the root filesystems are there. */
export const haveDebian: boolean = existsSync(join(roots, 'stamp'));

/** Seconds that a step of booting may take: programs run slowly in an emulated machine. */
const patience = 150;

export interface SystemOptions {
  /** Global options of every call. */
  readonly global: readonly string[];
  readonly change?: ConfigChange;
}

export class OperatingSystem {
  readonly id: string;
  /** The root filesystem as the host sees it. */
  readonly rootfs: string;
  readonly console: Receiver;
  readonly #sandbox: Sandbox;
  readonly #global: readonly string[];

  private constructor(
    sandbox: Sandbox,
    id: string,
    rootfs: string,
    console: Receiver,
    options: SystemOptions,
  ) {
    this.#sandbox = sandbox;
    this.id = id;
    this.rootfs = rootfs;
    this.console = console;
    this.#global = options.global;
  }

  /** Creates and starts it, with a console on a console socket. */
  static async start(sandbox: Sandbox, options: SystemOptions): Promise<OperatingSystem> {
    const config = JSON.parse(readFileSync(documented, 'utf8')) as Mutable<Config>;
    options.change?.(config);
    const bundle = sandbox.directory();
    const rootfs = OperatingSystem.#layer(sandbox, bundle, config.linux?.uidMappings?.[0]?.hostID ?? 0);
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
    const receiver = await Receiver.listen(sandbox, 'terminal');
    const system = new OperatingSystem(sandbox, sandbox.id(), rootfs, receiver, options);
    expectSuccess(
      await system.tsoci('create', '--bundle', bundle, '--console-socket', receiver.path, system.id),
    );
    expectSuccess(await system.tsoci('start', system.id));
    return system;
  }

  /** A layer of its own over the root filesystem whose files belong to `owner` and those who follow. */
  static #layer(sandbox: Sandbox, bundle: string, owner: number): string {
    const [rootfs, upper, work] = ['rootfs', 'upper', 'work'].map((name) => join(bundle, name)) as [
      string,
      string,
      string,
    ];
    for (const directory of [rootfs, upper, work]) mkdirSync(directory);
    // Whoever is root inside has to pass through, and owns the root directory.
    chmodSync(bundle, 0o755);
    chownSync(upper, owner, owner);
    const lower = join(roots, owner === 0 ? 'plain' : 'shifted');
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, rootfs]);
    sandbox.onClose(() => execFileSync('umount', ['--lazy', rootfs]));
    return rootfs;
  }

  tsoci(...args: readonly string[]): Promise<CommandResult> {
    return this.#sandbox.tsoci([...this.#global, ...args], { timeout: patience * 1000 });
  }

  /** Runs a shell script in it; gives what it printed, and throws unless it succeeded. */
  async output(script: string): Promise<string> {
    return expectSuccess(await this.tsoci('exec', this.id, 'sh', '-c', script)).stdout;
  }

  /** Waits until the console has printed something. */
  async sees(text: RegExp): Promise<void> {
    await until(`the console prints ${text}`, () => text.test(this.console.printed), patience).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; it printed ${this.console.printed.slice(-3000)}`);
      },
    );
  }

  /** Waits until the container has stopped. */
  async stopped(): Promise<void> {
    const status = async () => (await this.#sandbox.state(this.id)).status;
    await until('the system has stopped', async () => (await status()) === 'stopped', patience);
  }
}
