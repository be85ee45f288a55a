import { commands } from '../../../../src/cli/commands.ts';
import { globalOptions } from '../../../../src/cli/table/global-options.ts';
import { parse } from '../../../../src/cli/table/parse.ts';
import type { Context } from '../../../../src/container/types.ts';

/** What a command line says, as its command gets it. */
export function parsedCall(words: readonly string[]) {
  const parsed = parse(words, commands, globalOptions);
  if (parsed.kind !== 'command') throw new Error(`${words.join(' ')} does not parse`);
  return parsed;
}

/** Calls a command as the program does, with a context of the test's. Gives its status. */
export async function call(words: readonly string[], context: Context): Promise<number> {
  const { command, values, rest, ...parsed } = parsedCall(words);
  const unexpected = (): never => {
    throw new Error('the test did not expect this of the command');
  };
  return await command.handler({
    globals: parsed.globals as never,
    commands,
    values: values as never,
    arguments: parsed.arguments as never,
    rest,
    outside: {} as never,
    context: async () => context,
    print: unexpected,
    control: unexpected,
    again: unexpected,
    flush: unexpected,
  });
}
