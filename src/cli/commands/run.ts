import { run } from '../../container/run.ts';
import { supervise } from '../../container/supervise.ts';
import { createOptions } from '../create-options.ts';
import type { runShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof runShape> = async ({ arguments: { id }, values, context, flush }) => {
  const { detach, keep } = values;
  const machine = await context();
  const foreground = await run(machine, { ...createOptions(id, values), detach, keep });
  if (detach) return 0;
  // From here on this process is the small supervisor, which answers with the program's exit status.
  flush();
  return supervise(machine, id, foreground, { deleteAfter: !keep });
};
