/** Rows of the command table: what a command takes, and the types that follow from them for who handles it. */

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
  /** What is no number of these, and stands for none. */
  readonly none?: '-1';
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
   * Where they begin: `word` at the first word after the positionals that does not look like an option, `at-once`
   * directly after the positionals, `anywhere` for words that options may stand between and behind.
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
