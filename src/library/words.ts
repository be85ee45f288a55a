import { Failure, inOtherWords } from '../failure.ts';
import { asFailure } from '../host/files.ts';

/** What is said in another way where an option's name in place of the command line's would not do. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /Put it after the container id, or name a JSON file with --process/,
    'Give `args`, or the whole `process`',
  ],
  [/by "mounts add"/, 'by `addMounts()`'],
  [/kill --all ID KILL/, "kill(runtime, id, 'KILL', { all: true })"],
  [/`tsoci delete --force`/, '`remove()` with `force: true`'],
  [/or use `tsoci run` in the foreground/, 'or `takesTerminal: true`'],
  [/or restore in the foreground/, 'or restore without `detach`'],
  [/(?<![^\s(])--force\b/, '`force: true`'],
  [/leave out --detach or --tty/, 'leave out `tty`'],
];

/** Programs of others, whose options stay as they are. */
const foreign = /`(?!tsoci )[a-z][^`]*`|\b(?:systemctl|mount|ulimit)\b[^,;.]*/g;
const verb = /`tsoci ([a-z]+)[^`]*`/g;
/** Where a word begins: paths and ids have two dashes inside. */
const option = /(?<![^\s(])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/g;
const verbs: Readonly<Record<string, string>> = { delete: 'remove', ps: 'processes' };

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function translate(text: string): string {
  return text
    .replace(verb, (_, name: string) => `\`${verbs[name] ?? name}()\``)
    .replace(option, (_, name: string) => `\`${camelCase(name)}\``);
}

/**
 * A message for people at a command line, in a programmer's words: options by their names here, verbs as functions.
 */
export function inWords(text: string): string {
  let said = text;
  for (const [pattern, words] of phrases) said = said.replace(pattern, words);
  let done = '';
  let from = 0;
  for (const match of said.matchAll(foreign)) {
    done += translate(said.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return done + translate(said.slice(from));
}

/** A refusal of the system that nobody worded is a failure, too. */
function failureInWords(thrown: unknown): unknown {
  const error = asFailure(thrown);
  if (!(error instanceof Failure)) return error;
  const message = inWords(error.message);
  const hint = error.hint === undefined ? undefined : inWords(error.hint);
  return message === error.message && hint === error.hint ? error : inOtherWords(error, message, hint);
}

/** The same function, whose failures speak to a programmer. */
export function spoken<Arguments extends unknown[], Result>(
  call: (...given: Arguments) => Promise<Result>,
): (...given: Arguments) => Promise<Result> {
  return async (...given) => {
    try {
      return await call(...given);
    } catch (error) {
      throw failureInWords(error);
    }
  };
}

/** The same for what goes on telling. */
export async function* spokenEach<Item>(items: AsyncGenerator<Item, void>): AsyncGenerator<Item, void> {
  try {
    yield* items;
  } catch (error) {
    throw failureInWords(error);
  }
}
