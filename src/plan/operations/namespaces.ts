/** Namespaces, cgroups, processes. */
import type { OperationRow } from './row.ts';

/** clone(2): EPERM where ordinary users may make no user namespace, ENOSPC above a limit. */
const noNamespaces =
  'The machine forbids these namespaces to its caller: `tsoci doctor` says which setting it is';

export const namespacesOperations = {
  'join-namespace': {
    does: 'join the namespace behind a path',
    subject: 'path',
    fields: { type: 'u32 as namespaces', path: 'string' },
  },
  'join-slot': {
    does: 'join namespaces behind a handle (nsfs file or pidfd)',
    fields: { slot: 'slot', flags: 'u32 as namespaces' },
  },
  'join-cgroup': {
    does: 'enter a cgroup by writing 0 to its tasks or cgroup.procs',
    subject: 'path',
    fields: { path: 'string' },
  },
  'join-tasks': {
    does: 'enter a cgroup by writing 0 to its handle',
    subject: 'path',
    fields: {
      slot: 'slot',
      /** What the handle leads to, for people. */
      path: 'string',
    },
  },
  dumpable: { does: "set the process's dumpable flag", fields: { value: 'u32' } },
  clone: {
    does: 'create the container process in new namespaces',
    hints: { EPERM: noNamespaces, ENOSPC: noNamespaces },
    fields: { flags: 'u64 as namespaces', cgroup: 'slot' },
  },
  unshare: { does: 'move into new namespaces', fields: { flags: 'u32 as namespaces' } },
  'time-offsets': {
    does: 'create a time namespace with offsets and enter it',
    fields: { proc: 'slot as understood', offsets: 'string' },
  },
  'await-cgroup': { does: 'wait until the runtime has made the cgroup', fields: {} },
  await: { does: 'wait for the parent', fields: { question: 'u32 as question' } },
  become: {
    does: 'become this user and group of the user namespace',
    fields: { uid: 'u32', gid: 'u32', groups: 'u32' },
  },
  'new-session': { does: 'start a new session', fields: {} },
  hostname: { does: 'set the hostname', subject: 'name', fields: { name: 'string' } },
  domainname: { does: 'set the NIS domain name', subject: 'name', fields: { name: 'string' } },
  'loopback-up': { does: 'bring the loopback interface up', fields: {} },
} as const satisfies Record<string, OperationRow>;
