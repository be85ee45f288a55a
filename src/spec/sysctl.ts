import type { NamespaceType } from './config.ts';

/** Parameters of an ipc namespace (ipc_namespaces(7)); those of POSIX message queues are `fs.mqueue.*`. */
const ipcParameters: ReadonlySet<string> = new Set([
  'kernel/auto_msgmni',
  'kernel/msg_next_id',
  'kernel/msgmax',
  'kernel/msgmnb',
  'kernel/msgmni',
  'kernel/sem',
  'kernel/sem_next_id',
  'kernel/shm_next_id',
  'kernel/shm_rmid_forced',
  'kernel/shmall',
  'kernel/shmmax',
  'kernel/shmmni',
]);

/**
 * The path below /proc/sys of a kernel parameter; undefined for a name that would lead elsewhere. Both spellings of
 * sysctl(8) are known: the first separator says which one it is, and in the one with dots a `/` stands for a dot
 * inside a name (`net.ipv4.conf.eth0/1.forwarding`).
 *
 * The rules decide by this path whose a parameter is, and the planner writes to it: there must be no other reading.
 */
export function sysctlPath(name: string): string | undefined {
  const slashes = /[./]/.exec(name)?.[0] === '/';
  const path = slashes ? name : name.replace(/[./]/g, (each) => (each === '.' ? '/' : '.'));
  return /(?:^|\/)\.{0,2}(?:\/|$)/.test(path) ? undefined : path;
}

/** The namespace that a parameter belongs to, by its path; undefined when it is one of the whole host. */
export function sysctlOwner(path: string): NamespaceType | undefined {
  if (ipcParameters.has(path) || path.startsWith('fs/mqueue/')) return 'ipc';
  if (path.startsWith('net/')) return 'network';
  if (path === 'kernel/domainname' || path === 'kernel/hostname') return 'uts';
  return path.startsWith('user/') ? 'user' : undefined;
}
