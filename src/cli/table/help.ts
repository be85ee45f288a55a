/** Help texts, laid out by yargs from the command table. */
import type { Options } from '../../foreign/yargs.ts';
import type { Outside } from '../../host/outside.ts';
import type { CommandRow } from './command.ts';
import { globalOptions, helpOption } from './global-options.ts';
import type { OptionRow } from './rows.ts';

/** Of a terminal that does not say, and where there is none. */
const defaultWidth = 80;
const standardOutput = 1;
const widest = 110;
const narrowest = 60;

/**
 * The text of `--help` for the program or one command, ending with a newline.
 * @param commands the whole table
 * @param columns the width: see {@link helpWidth}
 */
export async function helpText(
  command: CommandRow | undefined,
  commands: readonly CommandRow[],
  columns: number,
): Promise<string> {
  const width = Math.min(widest, Math.max(narrowest, columns));
  const text = await (command ? commandHelp(command, width) : programHelp(commands, width));
  return `${text.trimEnd()}\n`;
}

async function programHelp(commands: readonly CommandRow[], width: number): Promise<string> {
  let parser = (await plain(width))
    .usage(
      'Usage: tsoci [global options] COMMAND [options] [arguments]\n\n' +
        'An OCI runtime: makes a bundle (a directory with config.json and a root filesystem) into a running container.',
    )
    .options(yargsOptions(globalOptions));
  for (const row of commands) parser = parser.command([row.name], row.summary);
  return parser
    .example('tsoci spec', 'write a config.json to begin with')
    .example('tsoci run box', 'run the bundle in the current directory as "box"')
    .example('tsoci plan', 'see what that would do, without doing it')
    .epilogue('"tsoci COMMAND --help" explains a command.')
    .getHelp();
}

async function commandHelp(command: CommandRow, width: number): Promise<string> {
  const { positionals, rest } = command;
  let parser = (await plain(width))
    .usage(`Usage: ${usageLine(command)}\n\n${capital(command.summary)}. ${command.description.join('\n\n')}`)
    .options(yargsOptions([...command.options, helpOption]));
  for (const { command: line, does } of command.examples) parser = parser.example(`tsoci ${line}`, does);
  const words = [...positionals, ...(rest ? [rest] : [])];
  if (words.length > 0) parser = parser.epilogue(argumentList(words));
  return parser.getHelp();
}

/** A yargs that adds nothing of its own and reads nothing from the disk. */
async function plain(width: number) {
  // Half as much again as the rest of a call on Node, for text that few calls print.
  const { yargs } = await import('../../foreign/yargs.ts');
  return yargs([])
    .scriptName('tsoci')
    .locale('en')
    .help(false)
    .version(false)
    .wrap(width)
    .parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false });
}

/** The same rows in yargs's words. Types are left out: they would only add "[string]" to every line. */
function yargsOptions(rows: readonly OptionRow[]): Record<string, Options> {
  const entries = rows.map((row): [string, Options] => {
    const options: Options = { describe: describe(row), hidden: row.hidden === true };
    if (row.alias !== undefined) options.alias = row.alias;
    if (row.choices) options.choices = row.choices;
    return [row.name, options];
  });
  return Object.fromEntries(entries);
}

function describe(row: OptionRow): string {
  const initial = row.default === undefined ? '' : ` (default: ${row.default})`;
  const value = row.value === undefined ? '' : `${row.value}: `;
  return `${value}${row.help}${initial}`;
}

/** One line with everything a command takes. */
export function usageLine(command: CommandRow): string {
  const words = ['tsoci', command.name];
  if (command.options.some(({ hidden }) => !hidden)) words.push('[options]');
  for (const { value, required } of command.positionals) words.push(required ? value : `[${value}]`);
  if (command.rest)
    words.push(command.rest.begins === 'word' ? command.rest.value : `[${command.rest.value}]`);
  return words.join(' ');
}

function argumentList(words: readonly { readonly value: string; readonly help: string }[]): string {
  const width = Math.max(...words.map(({ value }) => value.length));
  return ['Arguments:', ...words.map(({ value, help }) => `  ${value.padEnd(width)}  ${help}`)].join('\n');
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** The width for help texts: COLUMNS, which few shells export, or else that of the terminal where it is read. */
export function helpWidth({ surroundings, sink }: Pick<Outside, 'surroundings' | 'sink'>): number {
  const columns = Number(surroundings['COLUMNS']);
  if (Number.isInteger(columns) && columns > 0) return columns;
  return sink.columns?.(standardOutput) ?? defaultWidth;
}
