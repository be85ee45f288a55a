import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupsNamed, mountsNaming } from '../../integration/support/leftovers.ts';
import { commandLineOf, endProcess, processesWhere } from '../../integration/support/processes.ts';
import { type CommandOptions, type CommandResult, runCommand } from '../../integration/support/runtime.ts';
import { until } from '../../integration/support/wait.ts';
import type { Closable } from './engine-suite.ts';

/** Seconds that a daemon has to come up, and to end: an emulated machine is slow. */
const patience = process.env['TSOCI_TEST_VM'] === '1' ? 150 : 30;

/** Processes whose command line names `text`: shims and monitors outlive the daemon that started them. */
export function processesNaming(text: string): number[] {
  return processesWhere((words) => words.includes(text));
}

/** Deepest first, so that `umount` and `rmdir` can take them in turn. */
const deepestFirst = (paths: readonly string[]) => [...paths].sort((a, b) => b.length - a.length);

/**
 * One engine's state directory, its daemons, and the removal of both. Nothing of the machine's own engines is
 * touched.
 */
export class Laboratory implements Closable {
  readonly directory: string;
  /**
   * A name that no other test has: for namespaces, cgroups (a slice's name means more where it has a dash) and
   * containers.
   */
  readonly name: string;
  readonly #daemons: ChildProcess[] = [];

  constructor(engine: string) {
    this.directory = mkdtempSync(join(tmpdir(), `tsoci-${engine}-`));
    // Root of a user namespace has to pass through.
    chmodSync(this.directory, 0o711);
    this.name = `tsoci_${engine.replaceAll('-', '_')}_${process.pid}`;
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  /** Runs a command to its end. */
  command(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(argv, { timeout: 120_000, ...options });
  }

  /** Starts a daemon and waits until `ready`. Throws with the end of its log when it does not come up. */
  async daemon(argv: readonly string[], ready: () => Promise<boolean>): Promise<ChildProcess> {
    const log = this.path(`daemon-${this.#daemons.length}.log`);
    const output = openSync(log, 'a');
    const child = spawn(argv[0] as string, argv.slice(1), { stdio: ['ignore', output, output] });
    closeSync(output);
    this.#daemons.push(child);
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    try {
      await until(`${argv[0]} answers`, async () => ended() || (await ready()), patience);
      if (ended()) throw new Error(`${argv[0]} ended`);
    } catch (error) {
      throw new Error(`${String(error)}\n${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    return child;
  }

  /** Ends a daemon as its administrator would, or (`SIGKILL`) as a crash does. */
  async end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), patience * 1000);
    await ended;
    clearTimeout(timer);
  }

  async close(): Promise<readonly string[]> {
    for (const child of this.#daemons.reverse()) await this.end(child);
    // Shims end by themselves a moment after their last container.
    const left: string[] = await until(
      'shims end',
      () => processesNaming(this.directory).length === 0,
      3,
    ).then(
      () => [],
      () => this.#endProcesses(),
    );
    this.#unmount();
    left.push(...this.#removeCgroups());
    rmSync(this.directory, { recursive: true, force: true });
    return left;
  }

  /** Shims that stayed, and what a container without one still runs. */
  #endProcesses(): string[] {
    const contained = cgroupsNamed(this.name)
      .flatMap((path) =>
        readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)),
      )
      .filter((path) => path.endsWith('/cgroup.procs'))
      .flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number));
    return [...new Set([...processesNaming(this.directory), ...contained])].map((pid) => {
      const commandLine = commandLineOf(pid).replaceAll('\0', ' ');
      endProcess(pid);
      return `process ${pid} (${commandLine.trim()})`;
    });
  }

  #unmount(): void {
    const targets = mountsNaming(this.directory).map((line) => line.slice('mount '.length));
    for (const target of deepestFirst(targets)) spawnSync('umount', ['--lazy', target], { stdio: 'ignore' });
  }

  /** The engine's own parent cgroup may stay; what a runtime made below it may not. */
  #removeCgroups(): string[] {
    const parents = cgroupsNamed(this.name);
    const below = parents.flatMap((parent) =>
      readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(parent, entry.name)),
    );
    for (const path of deepestFirst([...below, ...parents])) {
      try {
        rmdirSync(path);
      } catch {
        // Busy: it is in the list of what is left.
      }
    }
    // Podman puts its monitors into the one, BuildKit its containers into the other; both leave the directory.
    return below.filter((path) => !/\/(conmon|buildkit)$/.test(path) || existsSync(path));
  }
}
