/** The identity of the process. */
import type { OperationRow } from './row.ts';

export const identityOperations = {
  streams: {
    does: "give the caller's standard streams to the user of the process",
    fields: {
      uid: 'u32',
      /** Of whom they may be taken beside the caller: root of the user namespace, as this process sees it. */
      root: 'u32',
    },
  },
  umask: { does: 'set the file mode creation mask', fields: { mask: 'u32 as octal' } },
  'bounding-set': {
    does: 'drop capabilities from the bounding set',
    fields: { keep: 'u64 as capabilities' },
  },
  user: {
    does: 'become the user of the process',
    fields: { uid: 'u32', gid: 'u32', groups: 'words', setGroups: 'bool' },
  },
  capabilities: {
    does: 'set the capabilities',
    fields: {
      effective: 'u64 as capabilities',
      permitted: 'u64 as capabilities',
      inheritable: 'u64 as capabilities',
      ambient: 'u64 as capabilities',
    },
  },
  'working-directory': {
    does: 'enter the working directory',
    subject: 'path',
    fields: {
      path: 'string',
      /** 1: a refusal (EACCES) is left to the next such operation, which runs only then. */
      attempt: 'bool',
    },
  },
  'home-directory': { does: 'find HOME in /etc/passwd', fields: { uid: 'u32' } },
  'find-executable': {
    does: 'find the program',
    subject: 'name',
    fails: 'exec',
    fields: { name: 'string', path: 'string' },
  },
} as const satisfies Record<string, OperationRow>;
