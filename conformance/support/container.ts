/** One container under test, driven by the five operations of the specification. */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box, OciOptions } from './box.ts';
import type { CommandResult } from './command.ts';
import type { MutableConfig } from './config.ts';
import { until } from './wait.ts';

/** What `state` prints. */
export interface PrintedState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: string;
  readonly pid?: number;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const bigMark = 'big:';

/** JSON that keeps 64-bit integers. */
function stringify(value: unknown): string {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${bigMark}${each}` : each), 2);
  return text.replaceAll(new RegExp(`"${bigMark}(-?\\d+)"`, 'g'), '$1');
}

export class Container {
  readonly box: Box;
  readonly id: string;
  readonly directory: string;
  readonly config: MutableConfig;
  #pid: number | undefined;

  constructor(box: Box, id: string, directory: string, config: MutableConfig) {
    this.box = box;
    this.id = id;
    this.directory = directory;
    this.config = config;
  }

  get rootfs(): string {
    return join(this.directory, 'rootfs');
  }

  get outputFile(): string {
    return join(this.directory, 'output');
  }

  /** The init process as the host numbers it; known once created. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error('the container was not created');
    return this.#pid;
  }

  writeConfig(): void {
    writeFileSync(join(this.directory, 'config.json'), stringify(this.config));
  }

  /** `create`, which may fail. The container's output goes to a file, the runtime's own as well. */
  async tryCreate(args: readonly string[] = [], options: OciOptions = {}): Promise<CommandResult> {
    this.writeConfig();
    const result = await this.box.oci(['create', '--bundle', this.directory, ...args, this.id], {
      stdout: this.outputFile,
      stderr: this.outputFile,
      ...options,
    });
    if (result.code !== 0) return result;
    writeFileSync(this.outputFile, '');
    this.#pid = (await this.state()).pid;
    return result;
  }

  async create(args?: readonly string[], options?: OciOptions): Promise<void> {
    const result = await this.tryCreate(args, options);
    if (result.code !== 0) throw new Error(`create: exit ${result.code}: ${result.stderr.trim()}`);
  }

  /** `start`; returns when the program has been executed, or is over already. */
  async start(): Promise<void> {
    const before = this.#executable();
    await this.must('start');
    // A runtime may return while its own program is still the process's: the specification does not say otherwise.
    await until('the program is executed', () => this.#executable() !== before);
  }

  #executable(): string {
    try {
      return readlinkSync(`/proc/${this.#pid}/exe`);
    } catch {
      return 'gone';
    }
  }

  /** An operation on this container that has to succeed. */
  async must(verb: string, ...rest: string[]): Promise<string> {
    const result = await this.try(verb, ...rest);
    if (result.code !== 0) {
      throw new Error(`${verb}: exit ${result.code}: ${result.stderr.trim()} ${this.output().trim()}`);
    }
    return result.stdout;
  }

  /** An operation on this container that has to be refused; gives what the runtime said. */
  async mustRefuse(verb: string, ...rest: string[]): Promise<string> {
    const result = await this.try(verb, ...rest);
    if (result.code === 0) throw new Error(`${verb} ${rest.join(' ')} was accepted`);
    return result.stderr;
  }

  /** `VERB [OPTION…] ID [ARGUMENT…]`; options are what starts with a dash. */
  try(verb: string, ...rest: string[]): Promise<CommandResult> {
    const options = rest.filter((word) => word.startsWith('--'));
    const others = rest.filter((word) => !word.startsWith('--'));
    return this.box.oci([verb, ...options, this.id, ...others]);
  }

  async state(): Promise<PrintedState> {
    return JSON.parse(await this.must('state'));
  }

  async stopped(seconds?: number): Promise<void> {
    await until(`${this.id} stops`, async () => (await this.state()).status === 'stopped', seconds);
  }

  async kill(): Promise<void> {
    await this.must('kill', 'KILL');
    await this.stopped();
  }

  /** What the container's program wrote. */
  output(): string {
    try {
      return readFileSync(this.outputFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** Waits until the program has written a line like this. */
  async says(line: RegExp): Promise<string> {
    return until(`${this.id} says ${line}; it said ${this.output()}`, () => line.exec(this.output())?.[0]);
  }

  /** A process that `delete --force` left running would go on forever. */
  endLeftovers(): void {
    if (this.#pid === undefined) return;
    try {
      if (readFileSync(`/proc/${this.#pid}/mountinfo`, 'utf8').includes(this.directory))
        process.kill(this.#pid, 'SIGKILL');
    } catch {
      // Gone, as it should be.
    }
  }
}
