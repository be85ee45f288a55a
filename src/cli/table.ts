/**
 * The types of the command table. One table feeds the parser of engines' calls, help, completion and the man pages; the types
 * derived from it are what each command's handler receives.
 */
import type { Context } from '../container/types.ts';
import type { Outside } from '../host/outside.ts';
import type { Globals } from './options.ts';

/** `strings` may be given several times and collects; the others keep the last value given. */
export type OptionType = 'boolean' | 'string' | 'strings' | 'number';

/** What a shell may complete a value with. */
export type Completion = 'file' | 'directory' | 'container' | 'signal' | 'command' | 'capability';

export interface OptionRow {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly alias?: string;
  readonly type: OptionType;
  /** The word that stands for the value in help, such as `FILE`. */
  readonly value?: string;
  readonly default?: string | number;
  readonly choices?: readonly string[];
  /** One sentence without a full stop. */
  readonly help: string;
  readonly complete?: Completion;
  /** Accepted, and not shown. */
  readonly hidden?: true;
}

export interface PositionalRow {
  /** Key in the handler's `arguments`. */
  readonly name: string;
  /** The word that stands for it in help. */
  readonly value: string;
  readonly required: boolean;
  readonly help: string;
  readonly complete?: Completion;
  readonly choices?: readonly string[];
}

/** Words that belong to another program and are not looked at. */
export interface RestRow {
  readonly value: string;
  readonly help: string;
  /**
   * Where they begin: `word` at the first word after the positionals that does not look like an option, `at-once` directly
   * after the positionals, `anywhere` for words that options may stand between and behind.
   */
  readonly begins: 'word' | 'at-once' | 'anywhere';
  readonly complete?: Completion;
}

/** What parsing a command needs to know. */
export interface CommandShape {
  readonly options: readonly OptionRow[];
  readonly positionals: readonly PositionalRow[];
  readonly rest?: RestRow;
}

export interface Example {
  /** Command line without the leading program name. */
  readonly command: string;
  readonly does: string;
}

/** One row of the command table. */
export interface CommandRow extends CommandShape {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Paragraphs for `--help` and the man page. */
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  /** The standard streams become those of a program in a container, unless that gets a terminal of its own. */
  readonly handsOnStreams?: true;
  /** Exit status of any failure after parsing; 1 unless said. */
  readonly failureStatus?: number;
  /** The command's own module, loaded when it is called. */
  load(): Promise<{ readonly handler: Handler }>;
}

type ChoiceOr<R, Otherwise> = R extends { readonly choices: readonly (infer C)[] } ? C : Otherwise;

type Value<R extends OptionRow> = R['type'] extends 'boolean'
  ? boolean
  : R['type'] extends 'strings'
    ? readonly string[]
    : R['type'] extends 'number'
      ? number
      : ChoiceOr<R, string>;

/** Options that always have a value: a flag is false, a list empty, a default applies. */
type AlwaysThere<R extends OptionRow> = R['type'] extends 'boolean' | 'strings'
  ? true
  : R extends { readonly default: string | number }
    ? true
    : false;

/** The values of a list of options, typed from its rows. */
export type Values<O extends readonly OptionRow[]> = {
  readonly [R in O[number] as R['name']]: AlwaysThere<R> extends true ? Value<R> : Value<R> | undefined;
};

/** The positional arguments of a command, typed from its rows. */
export type Arguments<P extends readonly PositionalRow[]> = {
  readonly [R in P[number] as R['name']]: R['required'] extends true
    ? ChoiceOr<R, string>
    : ChoiceOr<R, string> | undefined;
};

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

/** Runs a command; the answer is the exit status. Throws for every failure. */
export type Handler<S extends CommandShape = CommandShape> = (
  invocation: Invocation<S>,
) => Promise<number> | number;
