/**
 * The light parser for engines' calls, driven by the command table. Imports nothing that runs. Strict: whatever the
 * table does not know becomes a slip, which `help.ts` explains; nothing is guessed and nothing throws.
 */
import type { CommandRow } from './command.ts';
import type { CommandShape, OptionRow, PositionalRow } from './rows.ts';

/** What is wrong with a command line. */
export type Slip =
  | { readonly kind: 'unknown-command'; readonly given: string }
  | { readonly kind: 'unknown-option'; readonly given: string }
  | { readonly kind: 'missing-value'; readonly option: OptionRow }
  | {
      readonly kind: 'bad-value';
      readonly option: OptionRow | PositionalRow;
      readonly given: string;
      readonly wanted: string;
    }
  | { readonly kind: 'missing-argument'; readonly argument: PositionalRow }
  | { readonly kind: 'extra-argument'; readonly given: string };

type OptionValue = string | number | boolean | readonly string[] | undefined;

/** Option values by long name; no prototype, so no name is special. */
export type RawValues = Record<string, OptionValue>;

interface Common {
  /** Values of the global options, as far as they were read. */
  readonly globals: RawValues;
}

/** What a command line asks for. */
export type Parsed =
  | (Common & {
      readonly kind: 'command';
      readonly command: CommandRow;
      readonly values: RawValues;
      readonly arguments: Readonly<Record<string, string | undefined>>;
      readonly rest: readonly string[];
    })
  | (Common & { readonly kind: 'help'; readonly command?: CommandRow })
  | (Common & { readonly kind: 'version' })
  | (Common & { readonly kind: 'slip'; readonly slip: Slip; readonly command?: CommandRow });

interface Scanned {
  readonly values: RawValues;
  readonly words: string[];
  /** Where the words of the command, or of another program, begin. */
  readonly next: number;
  readonly slip?: Slip;
}

/** When scanning stops: as soon as `words` words were read, either at once or at the next word. */
interface Stop {
  readonly words: number;
  readonly begins: 'word' | 'at-once';
}

const truths: readonly string[] = ['true', 'TRUE', 'True', 't', 'T', '1'];
const falsehoods: readonly string[] = ['false', 'FALSE', 'False', 'f', 'F', '0'];

/**
 * Reads a command line without the program's own name.
 * @example
 * parse(['--root', '/r', 'delete', '--force', 'c1'], commands, globalOptions)
 */
export function parse(
  argv: readonly string[],
  commands: readonly CommandRow[],
  globalOptions: readonly OptionRow[],
): Parsed {
  const head = scan(argv, 0, globalOptions, { words: 0, begins: 'word' });
  const globals = head.values;
  if (head.slip) return { kind: 'slip', globals, slip: head.slip };
  if (globals['help'] === true) return { kind: 'help', globals };
  if (globals['version'] === true) return { kind: 'version', globals };
  const name = argv[head.next];
  if (name === undefined) return { kind: 'help', globals };
  const command = findCommand(commands, name);
  if (!command) return { kind: 'slip', globals, slip: { kind: 'unknown-command', given: name } };

  const begins = command.rest?.begins;
  const stop: Stop | undefined =
    begins === undefined || begins === 'anywhere' ? undefined : { words: command.positionals.length, begins };
  const body = scan(argv, head.next + 1, command.options, stop);
  if (body.slip?.kind === 'unknown-option' && isHelp(body.slip.given))
    return { kind: 'help', globals, command };
  if (body.slip) return { kind: 'slip', globals, command, slip: body.slip };
  const named = nameWords(command, body.words);
  if ('slip' in named) return { kind: 'slip', globals, command, slip: named.slip };
  if (begins === 'anywhere') {
    const rest = body.words.slice(command.positionals.length);
    return { kind: 'command', globals, command, values: body.values, arguments: named.arguments, rest };
  }
  let next = body.next;
  if (command.rest?.begins === 'at-once' && argv[next] === '--') next++;
  const rest = next < argv.length ? argv.slice(next) : [];
  return { kind: 'command', globals, command, values: body.values, arguments: named.arguments, rest };
}

/** The command of this name or alias. */
export function findCommand(commands: readonly CommandRow[], name: string): CommandRow | undefined {
  return commands.find((row) => row.name === name || row.aliases?.includes(name));
}

function isHelp(given: string): boolean {
  return given === '--help' || given === '-help' || given === '-h';
}

function nameWords(
  command: CommandShape,
  words: readonly string[],
): { readonly arguments: Readonly<Record<string, string | undefined>> } | { readonly slip: Slip } {
  const named: Record<string, string | undefined> = {};
  for (const [index, row] of command.positionals.entries()) {
    const word = words[index];
    if (word === undefined && row.required) return { slip: { kind: 'missing-argument', argument: row } };
    if (word !== undefined && row.choices && !row.choices.includes(word)) {
      return { slip: { kind: 'bad-value', option: row, given: word, wanted: oneOf(row.choices) } };
    }
    named[row.name] = word;
  }
  const extra = command.rest?.begins === 'anywhere' ? undefined : words[command.positionals.length];
  return extra === undefined ? { arguments: named } : { slip: { kind: 'extra-argument', given: extra } };
}

function scan(
  argv: readonly string[],
  from: number,
  rows: readonly OptionRow[],
  stop: Stop | undefined,
): Scanned {
  const values = defaults(rows);
  const words: string[] = [];
  let optionsEnded = false;
  let next = from;
  while (next < argv.length) {
    const full = stop !== undefined && words.length >= stop.words;
    if (full && stop.begins === 'at-once') break;
    const word = argv[next] as string;
    if (optionsEnded || word.length < 2 || word[0] !== '-') {
      if (full) break;
      words.push(word);
      next++;
    } else if (word === '--') {
      optionsEnded = true;
      next++;
    } else {
      const taken = takeOption(word, argv[next + 1], rows, values);
      if (typeof taken !== 'number') return { values, words, next, slip: taken };
      next += taken;
    }
  }
  return { values, words, next };
}

function defaults(rows: readonly OptionRow[]): RawValues {
  const values: RawValues = Object.create(null);
  for (const row of rows) {
    values[row.name] = row.type === 'boolean' ? false : row.type === 'strings' ? [] : row.default;
  }
  return values;
}

/** Reads one option; the answer is how many words of argv it took. */
function takeOption(
  word: string,
  following: string | undefined,
  rows: readonly OptionRow[],
  values: RawValues,
): number | Slip {
  const long = word[1] === '-';
  const start = long ? 2 : 1;
  const equals = word.indexOf('=', start);
  const name = equals < 0 ? word.slice(start) : word.slice(start, equals);
  const attached = equals < 0 ? undefined : word.slice(equals + 1);
  const row = findOption(rows, name, !long);
  if (row) return give(row, attached, following, values);
  if (long || attached !== undefined || name.length < 2)
    return { kind: 'unknown-option', given: long ? `--${name}` : `-${name}` };
  return takeBundle(name, following, rows, values);
}

/** `-td`: single letters together; only the last may take a value. */
function takeBundle(
  letters: string,
  following: string | undefined,
  rows: readonly OptionRow[],
  values: RawValues,
): number | Slip {
  const found: OptionRow[] = [];
  for (const [index, letter] of [...letters].entries()) {
    const row = rows.find((candidate) => candidate.alias === letter);
    const last = index === letters.length - 1;
    if (!row || (!last && row.type !== 'boolean')) return { kind: 'unknown-option', given: `-${letters}` };
    found.push(row);
  }
  let taken = 1;
  for (const row of found) {
    const result = give(row, undefined, following, values);
    if (typeof result !== 'number') return result;
    taken = result;
  }
  return taken;
}

function findOption(rows: readonly OptionRow[], name: string, aliases: boolean): OptionRow | undefined {
  return rows.find((row) => row.name === name || (aliases && row.alias === name));
}

function give(
  row: OptionRow,
  attached: string | undefined,
  following: string | undefined,
  values: RawValues,
): number | Slip {
  if (row.type === 'boolean') {
    const truth = attached === undefined || truths.includes(attached);
    if (!truth && !falsehoods.includes(attached)) {
      return { kind: 'bad-value', option: row, given: attached, wanted: 'true or false' };
    }
    values[row.name] = truth;
    return 1;
  }
  const given = attached ?? following;
  if (given === undefined) return { kind: 'missing-value', option: row };
  const wanted = assign(row, given, values);
  if (wanted !== undefined) return { kind: 'bad-value', option: row, given, wanted };
  return attached === undefined ? 2 : 1;
}

/**
 * Stores a value; the answer is what would have been right when it is wrong. An empty value of an option that takes
 * one word is no value, as after a variable that is not set: what was given before it does not count then.
 */
function assign(row: OptionRow, given: string, values: RawValues): string | undefined {
  if (row.type === 'string' && given === '') {
    values[row.name] = row.default;
  } else if (row.type === 'number') {
    const isNumber = /^\d{1,15}$/.test(given) || given === row.none;
    if (!isNumber)
      return `a whole number, 0 or more${row.none === undefined ? '' : `, or ${row.none} for none`}`;
    values[row.name] = Number(given);
  } else if (row.type === 'strings') {
    (values[row.name] as string[]).push(given);
  } else {
    if (row.choices && !row.choices.includes(given)) return oneOf(row.choices);
    values[row.name] = given;
  }
  return undefined;
}

function oneOf(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
