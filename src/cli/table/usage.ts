/** Explains what is wrong with a command line. */
import { assertNever, Failure } from '../../failure.ts';
import { nearest } from '../../suggest.ts';
import type { CommandRow } from './command.ts';
import { globalOptions } from './global-options.ts';
import { commandHabit, optionHabit } from './habits.ts';
import type { Slip } from './parse.ts';
import type { OptionRow } from './rows.ts';

/** The refusal of a command line: the option or word, what is allowed, the likely slip. */
export function usageFailure(
  slip: Slip,
  command: CommandRow | undefined,
  commands: readonly CommandRow[],
): Failure {
  const where = command ? `${command.name}: ` : '';
  const help = `Try "tsoci ${command ? `${command.name} ` : ''}--help".`;
  const refuse = (message: string, hint = '') =>
    new Failure('invalid', where + message, { hint: hint === '' ? help : `${hint} ${help}` });
  switch (slip.kind) {
    case 'unknown-command':
      return refuse(
        `unknown command "${slip.given}"`,
        commandHabit(slip.given) ??
          didYouMean(
            nearest(
              slip.given,
              commands.map(({ name }) => name),
            ),
          ),
      );
    case 'unknown-option':
      return refuse(`unknown option "${slip.given}"`, adviseOption(slip.given, command, commands));
    case 'missing-value':
      // Words that Podman looks for, to find out whether an option exists.
      return refuse(`flag needs an argument: --${slip.option.name} (${slip.option.help})`);
    case 'bad-value': {
      const name = 'type' in slip.option ? `--${slip.option.name}` : slip.option.value;
      const choice = nearest(slip.given, slip.option.choices ?? []);
      return refuse(`${name} "${slip.given}": wanted ${slip.wanted}`, didYouMean(choice));
    }
    case 'missing-argument':
      return refuse(`${slip.argument.value} is missing: ${slip.argument.help}`);
    case 'extra-argument':
      return refuse(`one word too many: "${slip.given}"`, `${takes(command)}.`);
    default:
      return assertNever(slip);
  }
}

function adviseOption(
  given: string,
  command: CommandRow | undefined,
  commands: readonly CommandRow[],
): string {
  const name = given.replace(/^--?/, '');
  const own: readonly OptionRow[] = command?.options ?? globalOptions;
  const elsewhere: readonly OptionRow[] = command ? globalOptions : [];
  const isNamed = (row: OptionRow) => row.name === name || row.alias === name;
  if (elsewhere.some(isNamed)) {
    return `It is a global option: it stands before the command, as in "tsoci ${given} … ${command?.name}".`;
  }
  const owners = commands.filter((row) => row.options.some(isNamed)).map((row) => row.name);
  if (!command && owners.length > 0) {
    return `It belongs to ${owners.join(', ')} and stands after the command.`;
  }
  const habit = optionHabit(given, command);
  if (habit !== undefined) return habit;
  const likely = nearest(
    name,
    own.filter((row) => !row.hidden).map((row) => row.name),
  );
  return didYouMean(likely && `--${likely}`);
}

function takes(command: CommandRow | undefined): string {
  const arguments_ = command?.positionals ?? [];
  if (!command || arguments_.length === 0) return 'It takes no arguments';
  return `It takes ${arguments_.map(({ value, required }) => (required ? value : `[${value}]`)).join(' ')}`;
}

function didYouMean(word: string | undefined): string {
  return word === undefined ? '' : `Did you mean "${word}"?`;
}
