/** A command: its row of the table, and what its handler is called with. */
import type { Context } from '../../container/types.ts';
import type { Outside } from '../../host/outside.ts';
import type { Globals } from './global-options.ts';
import type { Arguments, CommandShape, OptionRow, PositionalRow, RestRow, Values } from './rows.ts';

export interface Example {
  /** Command line without the leading program name. */
  readonly command: string;
  readonly does: string;
}

/** What an option means elsewhere that the command does not have, by the words that people try, without dashes. */
export type Habit = readonly [words: RegExp, advice: string];

/** One row of the command table. */
export interface CommandRow extends CommandShape {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Paragraphs for `--help` and the man page. */
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  /** Options of Docker, Podman and others, and what does here what they do there. */
  readonly habits?: readonly Habit[];
  /** The standard streams become those of a program in a container, unless that gets a terminal of its own. */
  readonly handsOnStreams?: true;
  /** Exit status of any failure after parsing; 1 unless said. */
  readonly failureStatus?: number;
  readonly handler: Handler;
}

/** A further call of this program. */
export interface Again {
  /** An absolute path first. */
  readonly argv: readonly string[];
  /** `NAME=value` lines. */
  readonly environment: readonly string[];
}

/** What a handler gets. */
export interface Invocation<S extends CommandShape = CommandShape> {
  readonly globals: Globals;
  /** The whole table, for commands about commands. */
  readonly commands: readonly CommandRow[];
  readonly values: Values<S['options']>;
  readonly arguments: Arguments<S['positionals']>;
  /** The words of another program, see `RestRow`. */
  readonly rest: readonly string[];
  /** The world around the command, as far as it is not the machine. */
  readonly outside: Outside;
  /** Opens the machine's doors on first use. Throws `Failure` when a part of the installation is missing. */
  context(): Promise<Context>;
  /** Writes to standard output; `text` ends with a newline. */
  print(text: string): void;
  /** Writes what a terminal is to obey, and `print` would show instead. */
  control(sequence: string): void;
  /** The command line and environment of another call of this program with the same global options. */
  again(command: readonly string[]): Promise<Again>;
  /** Writes what would be lost when this process is replaced by another program: the timeline. */
  flush(): void;
}

/**
 * Runs a command; the answer is the exit status. Throws for every failure. It imports the lifecycle when it is
 * called: on Node 20, `state` takes 270 ms of processor time so, and 670 ms with all commands' rooms loaded.
 */
export type Handler<S extends CommandShape = CommandShape> = (
  invocation: Invocation<S>,
) => Promise<number> | number;

type About = Omit<CommandRow, keyof CommandShape | 'handler'>;

interface Written<O extends readonly OptionRow[], P extends readonly PositionalRow[]> extends About {
  readonly options?: O;
  readonly positionals?: P;
  readonly rest?: RestRow;
  readonly handler: Handler<{ readonly options: O; readonly positionals: P }>;
}

/**
 * A row of the table, whose handler must fit its options and arguments, or it does not compile. None are the default
 * of both.
 */
export function command<
  const O extends readonly OptionRow[] = readonly [],
  const P extends readonly PositionalRow[] = readonly [],
>({ handler, options, positionals, ...about }: Written<O, P>): CommandRow {
  // The parser gives what these rows say: the only caller of a handler hands on what it read with them.
  return {
    ...about,
    options: options ?? [],
    positionals: positionals ?? [],
    handler: handler as unknown as Handler,
  };
}
