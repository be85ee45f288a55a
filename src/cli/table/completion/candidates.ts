import { signalNames } from '../../../host/signals.ts';
import { capabilityNames } from '../../../spec/capability-names.ts';
import type { CommandRow } from '../command.ts';
import type { OptionRow, PositionalRow } from '../rows.ts';

/** What a shell offers for a value: words known now, paths, or what it has to ask for when the time comes. */
export type Candidates =
  | { readonly words: readonly string[] }
  | { readonly ask: 'file' | 'directory' | 'container' | 'nothing' };

/** What says which words may stand for an option's value or an argument. */
export type Completed = Pick<OptionRow | PositionalRow, 'choices' | 'complete'>;

/** The candidates for an option's value or an argument. */
export function candidatesFor(row: Completed, commands: readonly CommandRow[]): Candidates {
  if (row.choices) return { words: row.choices };
  switch (row.complete) {
    case undefined:
      return { ask: 'nothing' };
    case 'signal':
      return { words: signalNames };
    case 'command':
      return { words: commands.map(({ name }) => name) };
    case 'capability':
      return { words: capabilityNames };
    default:
      return { ask: row.complete };
  }
}

export function visible(options: readonly OptionRow[]): readonly OptionRow[] {
  return options.filter(({ hidden }) => !hidden);
}

/** Every way to write an option: `--bundle`, `-b`. */
export function spellings({ name, alias }: OptionRow): string[] {
  return alias === undefined ? [`--${name}`] : [`--${name}`, `-${alias}`];
}
