/** Descriptors and other things that may have to be opened with the caller's privileges. */
import type { OperationRow } from './row.ts';

export const descriptorsOperations = {
  'open-proc': {
    does: 'open a private, detached procfs',
    fields: {
      slot: 'fills',
      /** It has processes only, no kernel parameters. */
      processes: 'bool',
    },
  },
  'open-path': {
    does: 'open a directory or file of the host as a handle',
    subject: 'path',
    fields: { slot: 'fills', path: 'string' },
  },
  'open-cgroup': {
    does: 'open a cgroup to clone a process into',
    subject: 'path',
    fields: {
      slot: 'fills',
      path: 'string',
      /** As a mount of its own, read-only, from which no way leads up. */
      detached: 'bool',
    },
  },
  'open-tasks': {
    does: 'open the tasks or cgroup.procs of a cgroup, to enter it later',
    subject: 'path',
    fields: { slot: 'fills', path: 'string' },
  },
  'open-device': {
    does: 'open a device of the host and check its number',
    subject: 'path',
    fields: {
      slot: 'fills',
      path: 'string',
      /** S_IFCHR or S_IFBLK. */
      type: 'u32 as device',
      major: 'u32',
      minor: 'u32',
    },
  },
  'open-tree': {
    does: 'clone a mount tree of the host, detached',
    subject: 'path',
    knownAs: 'bind',
    hints: { ENOENT: 'Create it on the host, or remove the mount' },
    fields: {
      slot: 'fills',
      path: 'string',
      recursive: 'bool',
      /** The last component, a symbolic link, is itself what is cloned. */
      noFollow: 'bool',
    },
  },
  'make-user-namespace': {
    does: 'make a user namespace with these id maps, to map mounts by',
    fields: { slot: 'fills', proc: 'slot as understood', uidMap: 'string', gidMap: 'string' },
  },
  'open-namespace': {
    does: 'open a namespace of the host as a handle',
    subject: 'path',
    fields: { slot: 'fills', path: 'string' },
  },
  'map-tree': {
    does: 'map the ids of a cloned mount tree',
    fields: { tree: 'slot', namespace: 'slot', recursive: 'bool' },
  },
  'empty-tmpfs': {
    does: 'make one empty read-only tmpfs for masks',
    fields: { slot: 'fills', options: 'strings' },
  },
  'close-slot': { does: 'close a handle that nothing reads', fields: { slot: 'slot' } },
} as const satisfies Record<string, OperationRow>;
