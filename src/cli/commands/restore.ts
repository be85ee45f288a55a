import { restore } from '../../container/restore.ts';
import { stateDirectory } from '../../container/state-directory.ts';
import { supervise } from '../../container/supervise.ts';
import type { restoreShape } from '../checkpoint-shapes.ts';
import { criuChoices } from '../criu-options.ts';
import { present } from '../present.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof restoreShape> = async ({ arguments: { id }, values, ...call }) => {
  const { detach, bundle } = values;
  const context = await call.context();
  const foreground = await restore(context, {
    ...criuChoices(values),
    id,
    bundle,
    relaysTerminal: true,
    detach,
    ...present({
      pidFile: values['pid-file'],
      consoleSocket: values['console-socket'],
      lsmProfile: values['lsm-profile'],
      lsmMountContext: values['lsm-mount-context'],
    }),
  });
  if (detach) return 0;
  const { argv, environment } = await call.again(['delete', '--force', '--ended', id]);
  call.flush();
  // From here on this process is the small supervisor, which answers with the program's exit status.
  return supervise(context, foreground, {
    environment,
    afterwards: argv,
    of: stateDirectory(context, id),
  });
};
