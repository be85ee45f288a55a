import { commands } from '../commands.ts';
import { helpText, helpWidth } from '../help.ts';
import type { helpShape } from '../options.ts';
import { findCommand } from '../parse.ts';
import type { Handler } from '../table.ts';
import { usageFailure } from '../usage.ts';

export const handler: Handler<typeof helpShape> = async ({
  arguments: { command: name },
  print,
  outside,
}) => {
  const command = name === undefined ? undefined : findCommand(commands, name);
  if (name !== undefined && !command) throw usageFailure({ kind: 'unknown-command', given: name }, undefined);
  print(await helpText(command, helpWidth(outside)));
  return 0;
};
