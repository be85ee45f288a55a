import { command } from '../table/command.ts';
import { helpText, helpWidth } from '../table/help.ts';
import { findCommand } from '../table/parse.ts';
import { usageFailure } from '../table/usage.ts';

export const helpCommand = command({
  name: 'help',
  aliases: ['h'],
  summary: 'explain the program or a command',
  description: ['The same as --help.'],
  examples: [{ command: 'help exec', does: 'explain exec' }],
  positionals: [
    {
      name: 'command',
      value: 'COMMAND',
      required: false,
      help: 'the command to explain',
      complete: 'command',
    },
  ],
  async handler({ arguments: { command: name }, commands, print, outside }) {
    const command = name === undefined ? undefined : findCommand(commands, name);
    if (name !== undefined && !command)
      throw usageFailure({ kind: 'unknown-command', given: name }, undefined, commands);
    print(await helpText(command, commands, helpWidth(outside)));
    return 0;
  },
});
