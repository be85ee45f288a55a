import type { Host } from './host.ts';
import type { Surroundings } from './surroundings.ts';

/** Where the command's output goes: a port, so that tests can look at it. */
export interface Sink {
  /** Writes all of `text`. */
  write(descriptor: number, text: string): void;
  /** Opens a log for appending, made with mode 0600 where missing; a descriptor. Throws the system's error. */
  openLog(path: string): number;
  /**
   * Connects to a socket of log datagrams; absent as long as the machine's doors are not open. Throws the system's
   * error.
   */
  connectLog?(path: string): number | undefined;
  now(): Date;
  /** Absent where nobody knows. */
  isTerminal?(descriptor: number): boolean;
  /** Characters in a line of a terminal; undefined for what is none, or does not say. */
  columns?(descriptor: number): number | undefined;
}

/**
 * What the command takes from outside: a port, which src/entry/ fills for each engine. Asked when it is needed and
 * never while a module is loaded: the shipped executable is a frozen image of its loaded modules, and what is in it
 * is the same for every process.
 */
export interface Outside {
  /** The caller's environment. */
  readonly surroundings: Surroundings;
  /** Words that start this program again, an absolute path first. */
  readonly program: readonly string[];
  /** The JavaScript engine as `--version` names it: `node: 20.19.2`. */
  readonly engine: string;
  /** Milliseconds since the process began. */
  elapsed(): number;
  /** Opens the machine's doors; asked for at most once, and only by commands that need them. */
  openHost(): Host | Promise<Host>;
  /** Where output goes until the doors are open. */
  readonly sink: Sink;
  /** Where output goes afterwards; by our own system calls unless given. */
  readonly hostSink?: (host: Host) => Sink;
}
