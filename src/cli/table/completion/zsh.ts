import type { CommandRow } from '../command.ts';
import { globalOptions, helpOption } from '../global-options.ts';
import type { OptionRow, PositionalRow } from '../rows.ts';
import { type Candidates, type Completed, candidatesFor, visible } from './candidates.ts';

/** The completion script for zsh: a table of `_arguments` specifications (zshcompsys(1)). */
export function zshCompletion(commands: readonly CommandRow[]): string {
  const action: Action = (row) => actionOf(candidatesFor(row, commands));
  return `#compdef tsoci
# zsh completion for tsoci, made by "tsoci completion zsh"

_tsoci_containers() {
  local -a ids
  ids=(\${(f)"$(_call_program containers \${(q)program} $root list -q 2>/dev/null)"})
  _describe -t containers container ids
}

_tsoci_commands() {
  local -a names
  names=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  _describe -t commands command names
}

_tsoci() {
  local context state state_descr line program=$words[1]
  typeset -A opt_args
  _arguments -C -S : \\
${optionSpecs(globalOptions, action)} \\
    '1:command:_tsoci_commands' \\
    '*::argument:->arguments' && return 0
  [[ $state == arguments ]] || return 1
  local -a root
  [[ -n \${opt_args[--root]} ]] && root=(--root \${(q)\${(Q)opt_args[--root]}})
  case $words[1] in
${commands.map((row) => commandCase(row, action)).join('\n')}
  esac
}

if [[ $funcstack[1] == _tsoci ]]; then
  _tsoci "$@"
else
  compdef _tsoci tsoci
fi
`;
}

/** How zsh finds what a row may be completed with. */
type Action = (row: Completed) => string;

function commandCase(row: CommandRow, action: Action): string {
  const lines = [optionSpecs([...row.options, helpOption], action)];
  row.positionals.forEach((argument, i) => {
    lines.push(`    ${quote(argumentSpec(argument, i + 1, action))}`);
  });
  if (row.rest?.begins === 'anywhere')
    lines.push(`    ${quote(`*:${escapeColons(row.rest.value)}:${action(row.rest)}`)}`);
  else if (row.rest)
    lines.push(`    ${quote(`(-)*::${row.rest.value.toLowerCase().replaceAll(':', '\\:')}: `)}`);
  const names = [row.name, ...(row.aliases ?? [])].join('|');
  return `    ${names})\n      _arguments -S : \\\n${indent(lines.join(' \\\n'))}\n      ;;`;
}

function optionSpecs(options: readonly OptionRow[], action: Action): string {
  return visible(options)
    .flatMap((row) => optionSpec(row, action).map((spec) => `    ${quote(spec)}`))
    .join(' \\\n');
}

/** One specification for each spelling; those that may be given once exclude each other. */
function optionSpec(row: OptionRow, action: Action): string[] {
  const spellings = row.alias === undefined ? [`--${row.name}`] : [`--${row.name}`, `-${row.alias}`];
  const once = row.type === 'strings' ? '*' : `(${spellings.join(' ')})`;
  const help = `[${escapeColons(row.help).replace(/[[\]]/g, '\\$&')}]`;
  const value = row.type === 'boolean' ? '' : `:${escapeColons(row.value ?? row.name)}:${action(row)}`;
  return spellings.map((spelling) => {
    const takesEquals = row.type !== 'boolean' && spelling.startsWith('--') ? '=' : '';
    return `${once}${spelling}${takesEquals}${help}${value}`;
  });
}

function argumentSpec(row: PositionalRow, place: number, action: Action): string {
  return `${place}:${row.required ? '' : ':'}${escapeColons(row.value)}:${action(row)}`;
}

function actionOf(candidates: Candidates): string {
  if ('words' in candidates) return `(${candidates.words.join(' ')})`;
  const actions = { file: '_files', directory: '_files -/', container: '_tsoci_containers', nothing: ' ' };
  return actions[candidates.ask];
}

/** Colons separate the parts of a specification. */
function escapeColons(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
