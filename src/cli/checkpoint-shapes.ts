/** Options and arguments of checkpoint and restore. */
import { criuOptions } from './criu-options.ts';
import { bundle, consoleSocket, detach, id, newId, pidFile } from './shared-options.ts';
import type { CommandShape } from './table.ts';

export const checkpointShape = {
  options: [
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
      name: 'status-fd',
      type: 'number',
      value: 'FD',
      help: 'descriptor to which CRIU writes a NUL when --lazy-pages is ready to serve',
    },
    {
      name: 'page-server',
      type: 'string',
      value: 'ADDRESS:PORT',
      help: 'where a page server takes the memory, or where --lazy-pages offers it',
    },
  ],
  positionals: [id],
} as const satisfies CommandShape;

export const restoreShape = {
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
    { name: 'no-subreaper', type: 'boolean', help: 'accepted and without effect', hidden: true },
    { name: 'no-pivot', type: 'boolean', help: 'accepted and without effect', hidden: true },
  ],
  positionals: [newId],
} as const satisfies CommandShape;
