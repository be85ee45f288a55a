import type { Config, NamespaceType } from '../config.ts';
import { pointerPart, quote } from '../finding.ts';
import { isNew, namespaceOf } from './help.ts';
import type { Report, RuleSet } from './rule.ts';

/** Parameters of an ipc namespace (ipc_namespaces(7)); those of POSIX message queues are `fs.mqueue.*`. */
const IPC = [
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
];

/**
 * The path below /proc/sys. Both spellings of sysctl(8) are known: the first separator says which one it is, and in
 * the one with dots a `/` stands for a dot inside a name (`net.ipv4.conf.eth0/1.forwarding`).
 */
export function sysctlPath(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator === '/') return name;
  return name.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'));
}

/** The namespace that a parameter belongs to, by its path; undefined when it is one of the whole host. */
export function ownerOf(path: string): NamespaceType | undefined {
  if (IPC.includes(path) || path.startsWith('fs/mqueue/')) return 'ipc';
  if (path.startsWith('net/')) return 'network';
  if (path === 'kernel/domainname' || path === 'kernel/hostname') return 'uts';
  return path.startsWith('user/') ? 'user' : undefined;
}

/** A parameter may be set only where it belongs to a namespace that is not the caller's: otherwise it is the host's. */
function checkSysctl(config: Config, report: Report): void {
  for (const [name, value] of Object.entries(config.linux?.sysctl ?? {})) {
    const pointer = `/linux/sysctl/${pointerPart(name)}`;
    const path = sysctlPath(name);
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      report(pointer, `${quote(name)} is no name of a kernel parameter`);
      continue;
    }
    const owner = ownerOf(path);
    const namespace = owner === undefined ? undefined : namespaceOf(config, owner);
    if (owner === undefined) report(pointer, 'belongs to no namespace: setting it would change the host');
    else if (namespace === undefined) {
      report(
        pointer,
        `needs a ${owner} namespace: without {"type": "${owner}"} in linux.namespaces it would change the host`,
      );
    } else if (owner === 'user' && !isNew(namespace))
      report(pointer, 'needs a new user namespace, an existing one is joined');
    if (path === 'kernel/hostname') report(pointer, 'is set by the property "hostname"; use that');
    if (path === 'kernel/domainname' && config.domainname)
      report(pointer, 'is set by the property "domainname" as well');
    if (value.includes('\0')) report(pointer, 'has a NUL character in it');
  }
}

export const sysctlRules: RuleSet<Config> = {
  refuse: [{ name: 'sysctl', check: checkSysctl }],
  warn: [],
};
