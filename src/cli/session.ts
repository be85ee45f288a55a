import type { Context } from '../container/types.ts';
import { messageOf } from '../failure.ts';
import { absolutePath } from '../host/absolute-path.ts';
import type { Host } from '../host/host.ts';
import type { Native } from '../host/native.ts';
import type { Outside } from '../host/outside.ts';
import { makeContext } from './context.ts';
import { logTarget } from './log-target.ts';
import type { Reporter } from './report.ts';
import { nativeSink } from './sink.ts';
import type { Again } from './table/command.ts';
import type { Globals } from './table/global-options.ts';
import { openTrace, Trace, writeTrace } from './trace.ts';

/** Global options that mean the same again. */
function repeatGlobals(globals: Globals, { root, host }: Context): string[] {
  const words = ['--root', root, '--rootless', globals.rootless, '--log-format', globals['log-format']];
  const { log, 'log-level': level } = globals;
  if (log !== undefined) words.push('--log', repeatedLog(host.native, log));
  if (level !== undefined) words.push('--log-level', level);
  if (globals.debug) words.push('--debug');
  if (globals['systemd-cgroup']) words.push('--systemd-cgroup');
  if (globals['cgroup-manager'] !== undefined) words.push('--cgroup-manager', globals['cgroup-manager']);
  return words;
}

/** `--debug`, or what means the same. */
function isDebug({ debug, 'log-level': level }: Globals): boolean {
  return debug || level === 'debug';
}

/** The same log from anywhere. */
function repeatedLog(native: Native, log: string): string {
  const target = logTarget(log);
  return target.kind === 'file' ? absolutePath(native, target.path) : log;
}

/** One call of a command: opens the machine when the command asks for it, and keeps the timeline of what followed. */
export class Session {
  readonly #globals: Globals;
  readonly #traceFile: unknown;
  readonly #reporter: Reporter;
  readonly #outside: Outside;
  /** Milliseconds from the beginning of the process until the command line was read. */
  readonly #began: number;
  #trace: Trace | undefined;
  #host: Host | undefined;
  #context: Context | undefined;

  constructor(globals: Globals, traceFile: unknown, reporter: Reporter, outside: Outside) {
    this.#globals = globals;
    this.#traceFile = traceFile;
    this.#reporter = reporter;
    this.#outside = outside;
    this.#began = outside.elapsed();
    if (typeof traceFile === 'string' || isDebug(globals)) this.#trace = new Trace();
  }

  /**
   * The library's context. Throws `Failure` when the installation is not complete, or the log or the root directory
   * unusable.
   */
  async context(): Promise<Context> {
    if (this.#context) return this.#context;
    const host = await this.#outside.openHost();
    const sink = this.#outside.hostSink ?? (({ native }) => nativeSink(native));
    this.#host = host;
    this.#reporter.useSink(sink(host));
    this.#reporter.openLog();
    if (typeof this.#traceFile === 'string') this.#tryTrace(this.#traceFile, host.native);
    this.#stampBeginning(host);
    const tell = {
      warn: (message: string, when?: 'always') => this.#reporter.warn(message, when),
      ...(isDebug(this.#globals) && { debug: (message: string) => this.#reporter.debug(message) }),
    };
    this.#context = makeContext(this.#globals, host, this.#outside.surroundings, {
      ...tell,
      trace: this.#trace,
    });
    return this.#context;
  }

  /** See `Invocation`. The state's directory is named, so that it is the same from anywhere. */
  async again(command: readonly string[]): Promise<Again> {
    const context = await this.context();
    return {
      argv: [...this.#outside.program, ...repeatGlobals(this.#globals, context), ...command],
      environment: context.environment(),
    };
  }

  /** Writes the timeline, once. Throws `Failure` when its file cannot be written. */
  flush(): void {
    const trace = this.#trace;
    if (!trace || !this.#host) return;
    this.#trace = undefined;
    for (const { name, category, startNs, endNs } of trace.stamps) {
      this.#reporter.debug(`${category}: ${name}: ${(Number(endNs - startNs) / 1e6).toFixed(3)} ms`);
    }
    if (typeof this.#traceFile === 'string') writeTrace(trace, this.#traceFile, this.#host.native);
  }

  /** The same at the end, where the command's own result counts more than its timeline. */
  flushAfter(): void {
    try {
      this.flush();
    } catch (error) {
      this.#reporter.warn(messageOf(error));
    }
  }

  /** Like the log: before the work. Afterwards a program runs, and standard error is its own. */
  #tryTrace(path: string, native: Native): void {
    try {
      openTrace(path, native, (file) => native.close(file));
    } catch (error) {
      this.#trace = undefined;
      throw error;
    }
  }

  #stampBeginning({ native }: Host): void {
    if (!this.#trace) return;
    const now = native.monotonic();
    const processBegan = now - BigInt(Math.round(this.#outside.elapsed() * 1e6));
    const parsed = processBegan + BigInt(Math.round(this.#began * 1e6));
    const pid = native.processId();
    this.#trace.add({ name: 'start the engine', category: 'cli', startNs: processBegan, endNs: parsed, pid });
    this.#trace.add({
      name: 'load the command and open the host',
      category: 'cli',
      startNs: parsed,
      endNs: now,
      pid,
    });
  }
}
