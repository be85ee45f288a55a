import { commands } from '../../src/cli/commands.ts';
import type { CommandRow, Example } from '../../src/cli/table/command.ts';
import { globalOptions, helpOption } from '../../src/cli/table/global-options.ts';
import type { OptionRow } from '../../src/cli/table/rows.ts';
import { version } from '../../src/version.ts';
import { annotationRows } from './annotations.ts';
import { bold, italic, roff, tagged } from './roff.ts';

/**
 * The manual: file name → content, made from the command table. One page for the program and one for each command.
 */
export function manualPages(): ReadonlyMap<string, string> {
  const pages = new Map([['tsoci.8', programPage()]]);
  for (const command of commands) pages.set(`tsoci-${command.name}.8`, commandPage(command));
  return pages;
}

function page(name: string, summary: string, sections: readonly (readonly [string, string])[]): string {
  const head = [
    '.\\" Made from the command table by scripts/generate-man.ts.',
    `.TH ${roff(name.toUpperCase())} 8 "" "tsoci ${version}" "tsoci"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(summary)}`,
  ];
  const body = sections.filter(([, text]) => text !== '').map(([title, text]) => `.SH ${title}\n${text}`);
  return `${[...head, ...body].join('\n')}\n`;
}

function programPage(): string {
  const list = commands.map(({ name, summary }) =>
    tagged(`${bold(`tsoci-${name}`)}(8)`, `${capital(summary)}.`),
  );
  return page('tsoci', 'run OCI containers', [
    [
      'SYNOPSIS',
      `${bold('tsoci')} [${italic('global options')}] ${italic('command')} [${italic('options')}] [${italic('arguments')}]`,
    ],
    [
      'DESCRIPTION',
      roff(
        'tsoci is a low-level container runtime for Linux. It makes a bundle (a directory with a config.json and, usually, a root ' +
          'filesystem, as the OCI runtime specification describes it) into a running container. Container engines call it ' +
          'for each container; it can be called by hand as well. It takes the place of runc, with the same commands and options.',
      ),
    ],
    ['COMMANDS', list.join('\n')],
    ['GLOBAL OPTIONS', `${roff('They stand before the command.')}\n${optionList(globalOptions)}`],
    ['EXIT STATUS', exitStatus],
    ['ENVIRONMENT', environment],
    ['FILES', files],
    ['ANNOTATIONS', annotations],
    [
      'EXAMPLES',
      examples([
        { command: 'spec', does: 'write a config.json to begin with' },
        { command: 'plan', does: 'see what running it would do' },
        { command: 'run box', does: 'run the bundle in the current directory as "box"' },
      ]),
    ],
    ['SEE ALSO', commands.map(({ name }) => `${bold(`tsoci-${name}`)}(8)`).join(',\n')],
  ]);
}

function commandPage(command: CommandRow): string {
  const words = [...command.positionals, ...(command.rest ? [command.rest] : [])];
  return page(`tsoci-${command.name}`, command.summary, [
    ['SYNOPSIS', synopsis(command)],
    ['DESCRIPTION', [`${capital(command.summary)}.`, ...command.description].map(roff).join('\n.PP\n')],
    ['ARGUMENTS', words.map(({ value, help }) => tagged(italic(value), `${capital(help)}.`)).join('\n')],
    ['OPTIONS', optionList([...command.options, helpOption])],
    ['EXIT STATUS', exitStatusOf(command)],
    ['EXAMPLES', examples(command.examples)],
    ['SEE ALSO', `${bold('tsoci')}(8)`],
  ]);
}

function synopsis({ name, positionals, options, rest }: CommandRow): string {
  const words = [`${bold('tsoci')} [${italic('global options')}] ${bold(name)}`];
  if (options.some(({ hidden }) => !hidden)) words.push(`[${italic('options')}]`);
  for (const { value, required } of positionals) words.push(required ? italic(value) : `[${italic(value)}]`);
  if (rest) words.push(rest.begins === 'word' ? italic(rest.value) : `[${italic(rest.value)}]`);
  return words.join(' ');
}

function optionList(options: readonly OptionRow[]): string {
  return options
    .filter(({ hidden }) => !hidden)
    .map((row) => {
      const short = row.alias === undefined ? '' : `${bold(`-${row.alias}`)}, `;
      const value = row.value === undefined ? '' : ` ${italic(row.value)}`;
      return tagged(`${short}${bold(`--${row.name}`)}${value}`, `${capital(row.help)}.${limits(row)}`);
    })
    .join('\n');
}

function limits(row: OptionRow): string {
  const choices = row.choices ? ` One of ${row.choices.join(', ')}.` : '';
  const again = row.type === 'strings' ? ' May be given several times.' : '';
  const initial = row.default === undefined ? '' : ` The default is ${spoken(row.default)}.`;
  return choices + again + initial;
}

/** A dot before the end of a sentence reads as the directory above. */
function spoken(initial: string | number): string {
  return initial === '.' ? 'the current directory' : String(initial);
}

function examples(rows: readonly Example[]): string {
  return rows
    .map(
      ({ command, does }) =>
        `.PP\n${roff(`${capital(does)}:`)}\n.PP\n.RS 4\n.EX\n${roff(`tsoci ${command}`)}\n.EE\n.RE`,
    )
    .join('\n');
}

const exitStatus = [
  tagged('0', 'Done.'),
  tagged('1', 'Not done; the reason is on standard error and at the end of the log.'),
  tagged(
    italic('other'),
    "Of the program that run or exec ran: its own exit status, or 128 and the signal's number when one killed it. 255 from exec when it could not run the program.",
  ),
].join('\n');

function exitStatusOf(command: CommandRow): string {
  if (command.name !== 'run' && command.name !== 'exec') return '';
  const failed = tagged(String(command.failureStatus ?? 1), 'The program could not be run.');
  return `${tagged(italic('status'), "The program's own, or 128 and the signal's number when a signal killed it. 0 with --detach.")}\n${failed}`;
}

const environment = [
  tagged(
    bold('XDG_RUNTIME_DIR'),
    "Directory for an ordinary user's state where --root is not given. Root of a user namespace is an ordinary user when USER is set and not root.",
  ),
  tagged(
    bold('NOTIFY_SOCKET'),
    'Socket of the service manager, see sd_notify(3). create, start and run give the container one of its own, and pass READY=1 on.',
  ),
  tagged(bold('COLUMNS'), 'Width of help texts, instead of that of the terminal.'),
].join('\n');

const files = [
  tagged(
    italic('/run/tsoci'),
    'State of the containers of root. It does not outlive a reboot, and neither do containers.',
  ),
  tagged(
    italic('config.json'),
    'In the bundle: what the container is to be, see the OCI runtime specification.',
  ),
].join('\n');

const annotations = [
  roff(
    'Of the annotations in config.json these change what tsoci does; the names are those that engines and their users know. Who may set them may ' +
      'what they do: see potentiallyUnsafeConfigAnnotations of tsoci features.',
  ),
  ...annotationRows.map(({ name, does }) => tagged(bold(name), does)),
].join('\n');

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
