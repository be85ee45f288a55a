/** The only place that prints errors and writes the log. */
import { Failure, messageOf, slipHint } from '../failure.ts';
import { wholeMessage } from '../failure-words.ts';
import type { Sink } from '../host/outside.ts';
import { isWanted, type Level, type LogTarget, logDatagram, logTarget } from './log-target.ts';
import { escaped, isDangerous, printable } from './printable.ts';

export interface ReportOptions {
  /** `--log`. */
  readonly log: string | undefined;
  /** `--log-format`. */
  readonly format: 'text' | 'json';
  /** `--debug`. */
  readonly debug: boolean;
  /** `--log-level`; `info` unless given. */
  readonly level?: Level | undefined;
}

const standardOutput = 1;
const standardError = 2;

/**
 * Tells people on standard error and engines in the log file. The log gets one line for each message; the error is
 * the last of them, which is the one that engines show.
 */
export class Reporter {
  readonly #options: ReportOptions;
  #sink: Sink;
  #log: number | undefined;
  #target: LogTarget | undefined;
  /** Opening the log failed, which was said already. */
  #unusable = false;
  /** Warnings that wait for the outcome, see `holdWarnings`. */
  #held: string[] | undefined;

  constructor(options: ReportOptions, sink: Sink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Continues on another sink, after the machine's doors were opened. */
  useSink(sink: Sink): void {
    this.#sink = sink;
  }

  /**
   * Writes to standard output: as it is for a program, with what a terminal would obey in letters for a person.
   * Throws `Failure` (`system`): the reader may have gone, or the disk be full.
   */
  print(text: string): void {
    // The look for a terminal is the shorter one.
    const shown = (this.#sink.isTerminal?.(standardOutput) ?? true) && isDangerous(text);
    this.control(shown ? escaped(text) : text);
  }

  /** Writes what a terminal is to obey. */
  control(sequence: string): void {
    try {
      this.#sink.write(standardOutput, sequence);
    } catch (cause) {
      throw new Failure('system', `write to standard output: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * Opens the log, if one is wanted. Throws `Failure` when that is not possible: better before the work than after
   * it.
   */
  openLog(): void {
    const { log } = this.#options;
    if (log === undefined || log === '' || this.#log !== undefined) return;
    try {
      const target = logTarget(log);
      this.#log =
        target.kind === 'file' ? this.#sink.openLog(target.path) : this.#sink.connectLog?.(target.path);
      this.#target = target;
    } catch (cause) {
      this.#unusable = true;
      throw cause instanceof Failure ? cause : unusableLog(log, cause);
    }
  }

  debug(message: string): void {
    if (this.#debugs) this.#tell('debug', message);
  }

  warn(message: string, when?: 'always'): void {
    if (when === undefined && this.#held !== undefined && this.#log === undefined && !this.#debugs)
      this.#held.push(message);
    else this.#tell('warning', message);
  }

  /**
   * From now on standard error is that of a program which is about to be started: what stands there has to be its
   * own, and callers read it so (`exec` in a script, a health check). Warnings go to the log then; without one they
   * are told beside an error, when no program was started, and not otherwise. `--debug` asks for everything.
   */
  holdWarnings(): void {
    this.#held = [];
  }

  /** Reports what stopped the command. Never throws: there is nobody left to tell. */
  fail(error: unknown): void {
    const message = error instanceof Failure ? wholeMessage(error) : `internal error: ${wholeMessage(error)}`;
    const hints = error instanceof Failure ? hintsOf(error) : [slipHint];
    const log = this.#logForFailure();
    for (const warning of this.#held ?? []) this.#tell('warning', warning);
    if (log === undefined && this.#options.format === 'json') {
      this.#write(standardError, this.#jsonOrText('error', message));
      return;
    }
    this.#debugChain(error, log);
    if (log !== undefined) {
      for (const hint of hints) this.#toLog(log, 'info', hint);
      this.#toLog(log, 'error', message);
    }
    const forPeople = [`tsoci: ${message}`, ...hints.map((hint) => `  ${hint}`)].map(printable).join('\n');
    this.#write(standardError, `${forPeople}\n`);
  }

  #logForFailure(): number | undefined {
    if (this.#unusable) return undefined;
    try {
      this.openLog();
    } catch (error) {
      this.#write(standardError, `tsoci: ${printable(messageOf(error))}\n`);
    }
    return this.#log;
  }

  /** Where an error comes from: stacks for our own faults, the causes of the others. */
  #debugChain(error: unknown, log: number | undefined): void {
    if (!this.#debugs) return;
    const lines: string[] = [];
    for (
      let at = error;
      at !== undefined && lines.length < 16;
      at = at instanceof Error ? at.cause : undefined
    ) {
      lines.push(at instanceof Error ? traceOf(at) : String(at));
    }
    for (const line of lines) this.#tell('debug', line, log);
  }

  #tell(level: Level, message: string, log = this.#log): void {
    if (!isWanted(level, this.#most)) return;
    if (log !== undefined) this.#toLog(log, level, message);
    else if (this.#options.format === 'json') this.#write(standardError, this.#jsonOrText(level, message));
    else {
      this.#write(standardError, `tsoci: ${level}: ${printable(message)}\n`);
    }
  }

  get #debugs(): boolean {
    return this.#most === 'debug';
  }

  get #most(): Level {
    return this.#options.debug ? 'debug' : (this.#options.level ?? 'info');
  }

  #toLog(log: number, level: Level, message: string): void {
    if (!isWanted(level, this.#most)) return;
    const target = this.#target;
    if (target === undefined || target.kind === 'file') this.#write(log, this.#jsonOrText(level, message));
    else this.#write(log, logDatagram(target, level, escaped(message)));
  }

  #jsonOrText(level: Level, message: string): string {
    const time = this.#sink.now().toISOString();
    // Escapes mean the same to a reader of JSON, and a log may be a terminal.
    if (this.#options.format === 'json') return `${escaped(JSON.stringify({ level, msg: message, time }))}\n`;
    return `time="${time}" level=${level} msg=${escaped(JSON.stringify(message))}\n`;
  }

  /** A log on a full disk or a closed standard error must not hide the exit status. */
  #write(descriptor: number, text: string): void {
    try {
      this.#sink.write(descriptor, text);
    } catch (error) {
      if (descriptor !== standardError) {
        this.#write(standardError, `tsoci: write the log: ${printable(messageOf(error))}\n`);
      }
    }
  }
}

function unusableLog(log: string, cause: unknown): Failure {
  const target = logTarget(log);
  return target.kind === 'file'
    ? new Failure('invalid', `open the log file "${target.path}": ${messageOf(cause)}`, {
        cause,
        hint: '--log takes a file in an existing, writable directory.',
      })
    : new Failure('invalid', `connect to ${target.kind} at ${target.path}: ${messageOf(cause)}`, {
        cause,
        hint: `Nobody listens there. Name a file with --log FILE, or start ${target.kind}.`,
      });
}

function hintsOf(failure: Failure): string[] {
  const cleanup = failure.cleanup.map((error) => `while cleaning up: ${wholeMessage(error)}`);
  return failure.hint === undefined ? cleanup : [...cleanup, failure.hint];
}

/** Name, message and stack; engines differ in whether the stack begins with the first two. */
function traceOf(error: Error): string {
  const stack = error.stack ?? '';
  return stack.startsWith(error.name) ? stack : `${error.name}: ${error.message}\n${stack}`.trimEnd();
}
