import type { Context, CreateOptions } from '../../container/types.ts';
import { defined } from '../../defined.ts';
import { listenFds } from '../convert/listen-fds.ts';
import { notifySocket } from '../convert/notify-socket.ts';
import { command } from '../table/command.ts';
import type { Values } from '../table/rows.ts';
import {
  bundle,
  config,
  consoleSocket,
  newId,
  noNewKeyring,
  noPivot,
  output,
  pidFile,
  pidfdSocket,
  preserveFds,
  trace,
} from '../table/shared-options.ts';

/** Options of `create` and `run` alike. */
export const createRows = [
  bundle,
  config,
  consoleSocket,
  pidfdSocket,
  pidFile,
  output,
  noPivot,
  noNewKeyring,
  preserveFds,
  trace,
] as const;

export const createCommand = command({
  name: 'create',
  summary: 'create a container and stop just before its program',
  description: [
    'Makes everything that config.json asks for: namespaces, cgroup, mounts, limits. The program itself begins with start, so ' +
      'a caller may set up networking in between.',
    'An ordinary user needs a user namespace. A config that has none gets one: the user and group that process.user names are the caller, all ' +
      'other ids come from /etc/subuid and /etc/subgid, by newuidmap and newgidmap. tsoci plan shows the maps.',
    'With NOTIFY_SOCKET in the environment the container has a socket of its own for sd_notify(3), on which start waits for READY=1.',
  ],
  examples: [
    { command: 'create --bundle /srv/web web1', does: 'create web1 from the bundle in /srv/web' },
    {
      command: 'create --pid-file web1.pid web1',
      does: 'create it from the current directory and note its process id',
    },
  ],
  handsOnStreams: true,
  options: createRows,
  positionals: [newId],
  async handler({ arguments: { id }, values, ...call }) {
    const { create } = await import('../../container/create.ts');
    const context = await call.context();
    await create(context, createOptions(context, id, values));
    return 0;
  },
});

/** What `create` and `run` tell the library alike. */
export function createOptions(
  { host: { native, surroundings } }: Context,
  id: string,
  values: Values<typeof createRows>,
): CreateOptions {
  return {
    id,
    bundle: values.bundle,
    noPivot: values['no-pivot'],
    noNewKeyring: values['no-new-keyring'],
    preserveFds: values['preserve-fds'],
    listenFds: listenFds(surroundings, native.processId()),
    ...notifySocket(surroundings),
    ...defined({
      config: values.config,
      pidFile: values['pid-file'],
      consoleSocket: values['console-socket'],
      pidfdSocket: values['pidfd-socket'],
      output: values.output,
    }),
  };
}
