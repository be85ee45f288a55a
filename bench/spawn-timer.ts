import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What one call of a program cost. */
export interface Timing {
  readonly status: number;
  readonly milliseconds: number;
  /** Largest resident size of it and of the children that it waited for, in KiB. */
  readonly peakKib: number;
}

export interface RunOptions {
  /** Rest before the call, not counted. */
  readonly restMilliseconds?: number;
  /** Killed after that; default ten seconds. */
  readonly timeoutMilliseconds?: number;
}

/** Compiles spawn-timer.c into a directory and gives the program's path. Throws Error when there is no compiler. */
export function compileSpawnTimer(directory: string): string {
  const source = fileURLToPath(new URL('./spawn-timer.c', import.meta.url));
  const program = join(directory, 'spawn-timer');
  const { status, error, stderr } = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (error || status !== 0)
    throw new Error(`compiling bench/spawn-timer.c with cc: ${error?.message ?? stderr}`);
  return program;
}

/** The timing helper as a child process; one request at a time. */
export class SpawnTimer {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #errors: string;
  #answer: { resolve(line: string): void; reject(error: Error): void } | undefined;

  /** `wrapper`: words in front of the helper's own, to start it in a namespace. */
  constructor(program: string, errors: string, wrapper: readonly string[] = []) {
    const [file = '', ...rest] = [...wrapper, program, errors];
    this.#errors = errors;
    this.#child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines.on('line', (line) => this.#answer?.resolve(line));
    const gone = () => this.#answer?.reject(new Error('the timing helper ended'));
    this.#child.on('error', gone);
    this.#child.on('exit', gone);
  }

  /** Runs a program (absolute path) to its end. Never throws for what the program does. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<Timing> {
    const rest = Math.round((options.restMilliseconds ?? 0) * 1000);
    const answer = await this.#ask([
      'run',
      String(rest),
      String(options.timeoutMilliseconds ?? 10_000),
      ...argv,
    ]);
    const [status = 255, nanoseconds = 0, peakKib = 0] = answer.split(' ').map(Number);
    return { status, milliseconds: nanoseconds / 1e6, peakKib };
  }

  /** The same; a status other than 0 is an Error with what the program said. */
  async mustRun(argv: readonly string[], options: RunOptions = {}): Promise<Timing> {
    const timing = await this.run(argv, options);
    if (timing.status !== 0) {
      throw new Error(`${argv.join(' ')}: status ${timing.status}: ${this.errors().trim()}`);
    }
    return timing;
  }

  /** Starts a program and leaves it; the pid. */
  async background(argv: readonly string[]): Promise<number> {
    return Number(await this.#ask(['bg', ...argv]));
  }

  /** Waits for a child or an orphaned grandchild. */
  async reap(pid: number): Promise<void> {
    await this.#ask(['reap', String(pid)]);
  }

  /** Kills a child and waits for it. */
  async end(pid: number): Promise<void> {
    await this.#ask(['end', String(pid)]);
  }

  /** Where programs are started from here on. */
  async enter(directory: string): Promise<void> {
    const problem = await this.#ask(['cd', directory]);
    if (problem !== '0') throw new Error(`${directory}: errno ${problem}`);
  }

  /** What the last program wrote to standard error. */
  errors(): string {
    return readFileSync(this.#errors, 'utf8');
  }

  close(): void {
    this.#lines.close();
    this.#child.stdin?.end();
  }

  #ask(fields: readonly string[]): Promise<string> {
    if (this.#answer) throw new Error('the timing helper takes one request at a time');
    if (fields.some((field) => field === '' || /[\t\n]/.test(field)))
      throw new Error('a field is empty or has a tab');
    return new Promise<string>((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#child.stdin?.write(`${fields.join('\t')}\n`);
    }).finally(() => {
      this.#answer = undefined;
    });
  }
}
