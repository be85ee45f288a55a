import { defined } from '../../defined.ts';
import { command } from '../table/command.ts';
import { bundle, consoleSocket, detach, newId, pidFile } from '../table/shared-options.ts';
import { criuChoices, criuOptions } from './checkpoint.ts';

export const restoreCommand = command({
  name: 'restore',
  summary: 'let a container that was saved go on',
  description: [
    'Makes a container of a bundle, like create, with the processes that checkpoint saved. Namespaces that config.json names by a path are ' +
      "entered, its bind mounts come from where it says now, and its limits hold. Standard streams that were pipes become the caller's. " +
      'In the foreground the exit status is handed on, as by run.',
    'Of the hooks, prestart and createRuntime run when the namespaces are there, poststart when the processes go on.',
    'CRIU gives the processes the identity and the privileges that it finds in the images, so these must come from somebody you trust. A directory ' +
      'that others can change, or that holds links or FIFOs, is refused.',
  ],
  examples: [
    {
      command: 'restore --bundle /srv/web --image-path /srv/saved web1',
      does: 'let web1 go on in the foreground',
    },
    {
      command: 'restore -d --image-path /srv/saved web2',
      does: 'or under another name, in the background',
    },
  ],
  handsOnStreams: true,
  options: [
    bundle,
    ...criuOptions,
    consoleSocket,
    pidFile,
    detach,
    {
      name: 'lsm-profile',
      type: 'string',
      value: 'TYPE:NAME',
      help: 'AppArmor profile (apparmor:NAME) or SELinux label (selinux:LABEL) instead of the saved one',
    },
    {
      name: 'lsm-mount-context',
      type: 'string',
      value: 'CONTEXT',
      help: 'SELinux context for mounts that were saved with one',
    },
    { name: 'tcp-close', type: 'boolean', help: 'close the TCP connections that were saved' },
    { name: 'no-subreaper', type: 'boolean', help: 'accepted and without effect', hidden: true },
    { name: 'no-pivot', type: 'boolean', help: 'accepted and without effect', hidden: true },
  ],
  positionals: [newId],
  async handler({ arguments: { id }, values, ...call }) {
    const { restore } = await import('../../container/restore.ts');
    const { detach, bundle } = values;
    const context = await call.context();
    const foreground = await restore(context, {
      ...criuChoices(values),
      id,
      bundle,
      relaysTerminal: true,
      detach,
      tcpClose: values['tcp-close'],
      ...defined({
        pidFile: values['pid-file'],
        consoleSocket: values['console-socket'],
        lsmProfile: values['lsm-profile'],
        lsmMountContext: values['lsm-mount-context'],
      }),
    });
    if (detach) return 0;
    const { superviseContainer } = await import('../foreground.ts');
    return superviseContainer(call, context, foreground, { id, keep: false });
  },
});
