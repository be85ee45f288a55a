import type { CriuChoices } from '../../container/checkpoint/criu-choices.ts';
import type { CheckpointOptions } from '../../container/checkpoint/types.ts';
import { defined } from '../../defined.ts';
import { pageServer } from '../convert/page-server.ts';
import { command } from '../table/command.ts';
import type { OptionRow, Values } from '../table/rows.ts';
import { id } from '../table/shared-options.ts';

/** Options of `checkpoint` and `restore` alike. */
export const criuOptions = [
  {
    name: 'image-path',
    type: 'string',
    value: 'DIR',
    default: './checkpoint',
    help: 'directory of the images',
    complete: 'directory',
  },
  {
    name: 'work-path',
    type: 'string',
    value: 'DIR',
    help: "directory for CRIU's logs and sockets (default: that of the images; for restore one of our own, which stays when it failed)",
    complete: 'directory',
  },
  { name: 'tcp-established', type: 'boolean', help: 'save and restore established TCP connections' },
  { name: 'ext-unix-sk', type: 'boolean', help: 'allow unix sockets that are connected to the outside' },
  { name: 'shell-job', type: 'boolean', help: "allow a terminal that is the caller's" },
  { name: 'lazy-pages', type: 'boolean', help: 'move memory when it is needed, by userfaultfd(2)' },
  { name: 'file-locks', type: 'boolean', help: 'save and restore file locks' },
  {
    name: 'manage-cgroups-mode',
    type: 'string',
    value: 'MODE',
    default: 'soft',
    choices: ['soft', 'full', 'strict', 'ignore'],
    help: 'what of the saved cgroups is restored: soft, what config.json does not make; full, with all settings; strict, where there are none yet; ignore, nothing',
  },
  {
    name: 'empty-ns',
    type: 'strings',
    value: 'NAMESPACE',
    help: 'make this namespace anew and leave it empty: network',
  },
  { name: 'auto-dedup', type: 'boolean', help: 'keep each page of memory only once in the images' },
  { name: 'link-remap', type: 'boolean', help: 'allow deleted files to get a name again' },
] as const satisfies readonly OptionRow[];

const options = [
  ...criuOptions,
  {
    name: 'parent-path',
    type: 'string',
    value: 'DIR',
    help: 'images of the --pre-dump before, absolute or relative to --image-path',
    complete: 'directory',
  },
  { name: 'leave-running', type: 'boolean', help: 'let the container run on after it was saved' },
  { name: 'pre-dump', type: 'boolean', help: 'save the memory only, ahead of the checkpoint; it runs on' },
  {
    name: 'tcp-skip-in-flight',
    type: 'boolean',
    help: 'leave out TCP connections that are not yet established',
  },
  {
    name: 'network-lock',
    type: 'string',
    value: 'METHOD',
    choices: ['iptables', 'nftables', 'skip'],
    help: "how connections are kept quiet meanwhile (CRIU's default: iptables)",
  },
  {
    name: 'status-fd',
    type: 'number',
    value: 'FD',
    none: '-1',
    help: 'descriptor to which CRIU writes a NUL when --lazy-pages is ready to serve',
  },
  {
    name: 'page-server',
    type: 'string',
    value: 'ADDRESS:PORT',
    help: 'where a page server takes the memory, or where --lazy-pages offers it',
  },
] as const satisfies readonly OptionRow[];

export const checkpointCommand = command({
  name: 'checkpoint',
  summary: 'save the processes of a container to a directory',
  description: [
    'CRIU (criu(8)), which has to be installed, writes images of the processes from which restore makes them go on. The container has ended ' +
      'then and is deleted, unless --leave-running is given. The root filesystem is not saved: what the processes wrote to it has to be ' +
      'there when they are restored.',
    'When it fails the container runs on, and the log of CRIU (dump.log in the --work-path) tells why.',
  ],
  examples: [
    { command: 'checkpoint --image-path /srv/saved web1', does: 'save web1 and end it' },
    {
      command: 'checkpoint --pre-dump --image-path /srv/pre web1',
      does: 'save most of its memory while it runs, so that',
    },
    {
      command: 'checkpoint --parent-path ../pre --image-path /srv/saved web1',
      does: 'this stops it for a shorter time',
    },
  ],
  options,
  positionals: [id],
  async handler({ arguments: { id }, values, context }) {
    const { checkpoint } = await import('../../container/checkpoint.ts');
    await checkpoint(await context(), id, checkpointOptions(values));
    return 0;
  },
});

/** What `checkpoint` tells the library. */
export function checkpointOptions(values: Values<typeof options>): CheckpointOptions {
  const { 'status-fd': statusFd = -1, 'page-server': server } = values;
  return {
    ...criuChoices(values),
    leaveRunning: values['leave-running'],
    preDump: values['pre-dump'],
    tcpSkipInFlight: values['tcp-skip-in-flight'],
    ...defined({
      parentPath: values['parent-path'],
      networkLock: values['network-lock'],
      // Callers that want none pass -1.
      statusFd: statusFd < 0 ? undefined : statusFd,
      pageServer: server === undefined ? undefined : pageServer(server),
    }),
  };
}

/** What `checkpoint` and `restore` tell the library alike. */
export function criuChoices(values: Values<typeof criuOptions>): CriuChoices {
  return {
    imagePath: values['image-path'],
    ...defined({ workPath: values['work-path'] }),
    tcpEstablished: values['tcp-established'],
    extUnixSk: values['ext-unix-sk'],
    shellJob: values['shell-job'],
    fileLocks: values['file-locks'],
    lazyPages: values['lazy-pages'],
    autoDedup: values['auto-dedup'],
    linkRemap: values['link-remap'],
    emptyNs: values['empty-ns'],
    manageCgroupsMode: values['manage-cgroups-mode'],
  };
}
