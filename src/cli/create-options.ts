import type { Context, CreateOptions } from '../container/types.ts';
import { listenFds } from './convert/listen-fds.ts';
import type { createShape } from './options.ts';
import { present } from './present.ts';
import type { Values } from './table.ts';

/** What `create` and `run` tell the library alike. */
export function createOptions(
  { host: { native, surroundings } }: Context,
  id: string,
  values: Values<typeof createShape.options>,
): CreateOptions {
  return {
    id,
    bundle: values.bundle,
    noPivot: values['no-pivot'],
    noNewKeyring: values['no-new-keyring'],
    preserveFds: values['preserve-fds'],
    listenFds: listenFds(surroundings, native.processId()),
    ...present({
      pidFile: values['pid-file'],
      consoleSocket: values['console-socket'],
      pidfdSocket: values['pidfd-socket'],
      output: values.output,
    }),
  };
}
