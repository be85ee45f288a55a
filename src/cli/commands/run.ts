import { run } from '../../container/run.ts';
import { stateDirectory } from '../../container/state-directory.ts';
import { supervise } from '../../container/supervise.ts';
import { createOptions } from '../create-options.ts';
import type { runShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof runShape> = async ({ arguments: { id }, values, ...call }) => {
  const { detach, keep } = values;
  const context = await call.context();
  const { tidy, ...foreground } = await run(context, {
    ...createOptions(context, id, values),
    relaysTerminal: true,
    detach,
    keep,
  });
  if (detach) return 0;
  const { argv, environment } = await call.again(['delete', '--force', '--ended', id]);
  call.flush();
  // From here on this process is the small supervisor, which answers with the program's exit status.
  return supervise(context, foreground, {
    environment,
    ...(keep ? {} : { afterwards: argv, ...(tidy ? { tidy } : { of: stateDirectory(context, id) }) }),
  });
};
