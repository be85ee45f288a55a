import type { CommandRow } from '../command.ts';
import { globalOptions, helpOption } from '../global-options.ts';
import type { OptionRow } from '../rows.ts';
import { type Candidates, type Completed, candidatesFor, spellings, visible } from './candidates.ts';

/** The part that is the same whatever the table says: what is offered, and the walk over the words that are there. */
const walk = (names: string) => `_tsoci_offer() {
  local kind=$1 word
  case $kind in
    nothing|rest) return ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    container) mapfile -t COMPREPLY < <(compgen -W "$("$program" "\${root[@]}" list -q 2>/dev/null)" -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
  esac
}

_tsoci() {
  local cur=\${COMP_WORDS[COMP_CWORD]} program=\${COMP_WORDS[0]} command='' pending='' word option REPLY
  local -i i place=0 ended=0
  local -a root=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash splits "--root=/x" into three words.
    if [[ $pending && $word == '=' ]]; then continue; fi
    if [[ $pending ]]; then
      [[ $pending == --root ]] && root=(--root "$word")
      pending=''
    elif [[ $command && $ended == 0 && $word == -- ]]; then
      ended=1
    elif [[ $word == -?* && $ended == 0 ]]; then
      _tsoci_value "$command" "$word" && pending=$word
    elif [[ -z $command ]]; then
      command=$word
    else
      place+=1
      _tsoci_argument "$command" $place
      [[ $REPLY == rest ]] && return
    fi
  done
  [[ $pending && $cur == '=' ]] && cur=''
  if [[ $pending ]]; then
    _tsoci_value "$command" "$pending" && _tsoci_offer "$REPLY"
  elif [[ $cur == -* && $ended == 0 ]]; then
    _tsoci_argument "$command" $((place + 1))
    [[ $REPLY == at-once ]] && return
    _tsoci_options "$command"
    mapfile -t COMPREPLY < <(compgen -W "$REPLY" -- "$cur")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W '${names}' -- "$cur")
  else
    _tsoci_argument "$command" $((place + 1))
    [[ $REPLY == at-once ]] || _tsoci_offer "$REPLY"
  fi
}

complete -F _tsoci tsoci
`;

/**
 * The completion script for bash 4 or newer. Needs nothing but bash: the table becomes `case` lists, and one function
 * walks over the words that are there already.
 */
export function bashCompletion(commands: readonly CommandRow[]): string {
  const offer: Offer = (row) => words(candidatesFor(row, commands));
  return `# bash completion for tsoci, made by "tsoci completion bash"

# Options of a command; the global ones where there is no command yet.
_tsoci_options() {
  case $1 in
    '') REPLY='${optionWords(globalOptions)}' ;;
${commands.map((row) => `    ${names(row)}) REPLY='${optionWords([...row.options, helpOption])}' ;;`).join('\n')}
    *) REPLY= ;;
  esac
}

# What an option takes, by "command option"; 1 when it takes nothing.
_tsoci_value() {
  case "$1 $2" in
${[...valueCases('', globalOptions, offer), ...commands.flatMap((row) => valueCases(row.name, row.options, offer))].join('\n')}
    *) return 1 ;;
  esac
}

# What stands at the place of an argument, by "command place"; "rest" where another program's words begin.
_tsoci_argument() {
  case "$1 $2" in
${commands.flatMap((row) => argumentCases(row, offer)).join('\n')}
    *) REPLY=nothing ;;
  esac
}

${walk(commands.map(({ name }) => name).join(' '))}`;
}

/** What is offered for a row, in the words of `_tsoci_offer`. */
type Offer = (row: Completed) => string;

function names({ name, aliases = [] }: CommandRow): string {
  return [name, ...aliases].join('|');
}

function optionWords(options: readonly OptionRow[]): string {
  return visible(options).flatMap(spellings).join(' ');
}

/** Single-dash long names are read as well, though not offered. */
function valueCases(command: string, options: readonly OptionRow[], offer: Offer): string[] {
  return options
    .filter(({ type }) => type !== 'boolean')
    .map((row) => {
      const patterns = [...spellings(row), `-${row.name}`].map((spelling) => `'${command} ${spelling}'`);
      return `    ${patterns.join('|')}) REPLY='${offer(row)}' ;;`;
    });
}

function argumentCases(row: CommandRow, offer: Offer): string[] {
  const lines = row.positionals.map(
    (argument, i) => `    '${row.name} ${i + 1}') REPLY='${offer(argument)}' ;;`,
  );
  if (!row.rest) return lines;
  if (row.rest.begins === 'anywhere') return [...lines, `    '${row.name} '*) REPLY='${offer(row.rest)}' ;;`];
  const kind = row.rest.begins === 'word' ? 'rest' : 'at-once';
  return [...lines, `    '${row.name} ${row.positionals.length + 1}') REPLY=${kind} ;;`];
}

function words(candidates: Candidates): string {
  return 'words' in candidates ? candidates.words.join(' ') : candidates.ask;
}
