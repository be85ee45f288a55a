/** The only place that prints errors and writes the log. */
import { Failure, messageOf } from '../failure.ts';
import type { Sink } from '../host/outside.ts';
import { pathOf } from '../place.ts';
import { escaped, isDangerous, printable } from './printable.ts';

export interface ReportOptions {
  /** `--log`. */
  readonly log: string | undefined;
  /** `--log-format`. */
  readonly format: 'text' | 'json';
  /** `--debug`. */
  readonly debug: boolean;
}

type Level = 'debug' | 'info' | 'warning' | 'error';

const standardOutput = 1;
const standardError = 2;

/**
 * Tells people on standard error and engines in the log file. The log gets one line for each message; the error is the last of
 * them, which is the one that engines show.
 */
export class Reporter {
  readonly #options: ReportOptions;
  #sink: Sink;
  #log: number | undefined;
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
   * Writes to standard output: as it is for a program, with what a terminal would obey in letters for a person. Throws `Failure` (`system`):
   * the reader may have gone, or the disk be full.
   */
  print(text: string): void {
    const shown = isDangerous(text) && (this.#sink.isTerminal?.(standardOutput) ?? true);
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

  /** Opens the log, if one is wanted. Throws `Failure` when that is not possible: better before the work than after it. */
  openLog(): void {
    const path = this.#options.log;
    if (path === undefined || path === '' || this.#log !== undefined) return;
    try {
      this.#log = this.#sink.openLog(path);
    } catch (cause) {
      this.#unusable = true;
      throw new Failure('invalid', `open the log file "${path}": ${messageOf(cause)}`, {
        cause,
        hint: '--log takes a file in an existing, writable directory.',
      });
    }
  }

  debug(message: string): void {
    if (this.#options.debug) this.#tell('debug', message);
  }

  warn(message: string, when?: 'always'): void {
    if (when === undefined && this.#held !== undefined && this.#log === undefined && !this.#options.debug)
      this.#held.push(message);
    else this.#tell('warning', message);
  }

  /**
   * From now on standard error is that of a program which is about to be started: what stands there has to be its own, and callers
   * read it so (`exec` in a script, a health check). Warnings go to the log then; without one they are told beside an error, when
   * no program was started, and not otherwise. `--debug` asks for everything.
   */
  holdWarnings(): void {
    this.#held = [];
  }

  /** Reports what stopped the command. Never throws: there is nobody left to tell. */
  fail(error: unknown): void {
    const message = error instanceof Failure ? wholeMessage(error) : `internal error: ${wholeMessage(error)}`;
    const hints =
      error instanceof Failure ? hintsOf(error) : ['This is a fault of tsoci itself; --debug shows where.'];
    const log = this.#logForFailure();
    for (const warning of this.#held ?? []) this.#tell('warning', warning);
    if (log === undefined && this.#options.format === 'json') {
      this.#write(standardError, this.#jsonOrText('error', message));
      return;
    }
    this.#debugChain(error, log);
    if (log !== undefined) {
      for (const hint of hints) this.#write(log, this.#jsonOrText('info', hint));
      this.#write(log, this.#jsonOrText('error', message));
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
    if (!this.#options.debug) return;
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
    if (log !== undefined || this.#options.format === 'json') {
      this.#write(log ?? standardError, this.#jsonOrText(level, message));
    } else {
      this.#write(standardError, `tsoci: ${level}: ${printable(message)}\n`);
    }
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

function hintsOf(failure: Failure): string[] {
  const cleanup = failure.cleanup.map((error) => `while cleaning up: ${wholeMessage(error)}`);
  return failure.hint === undefined ? cleanup : [...cleanup, failure.hint];
}

/** The message, with the place in config.json before it unless it is named there already. */
function placed(error: unknown): string {
  // The place in people's notation, once: the rooms below have pointers.
  const text = messageOf(error).replace(
    /^(cannot apply )(\/[^:\s]+)/,
    (_all, verb, place) => verb + pathOf(place),
  );
  const pointer = error instanceof Failure ? error.pointer : undefined;
  if (pointer === undefined || pointer === '') return text;
  const place = pathOf(pointer);
  return text.includes(place) ? text : `${place}: ${text}`;
}

/** The message with those of its causes, as far as they are not part of it already. */
function wholeMessage(error: unknown): string {
  let text = placed(error);
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    const more = messageOf(cause);
    if (!text.includes(more)) text += `: ${more}`;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return text;
}

/** Name, message and stack; engines differ in whether the stack begins with the first two. */
function traceOf(error: Error): string {
  const stack = error.stack ?? '';
  return stack.startsWith(error.name) ? stack : `${error.name}: ${error.message}\n${stack}`.trimEnd();
}
