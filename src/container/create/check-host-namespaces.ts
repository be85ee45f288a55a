import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import type { Config, NamespaceType } from '../../spec/config.ts';
import { joinedNamespace } from '../../spec/namespaces.ts';
import { pointerPart } from '../../spec/pointer.ts';
import { sysctlOwner, sysctlPath } from '../../spec/sysctl.ts';

/** Files of /proc/PID/ns. */
const files: Readonly<Partial<Record<NamespaceType, string>>> = { network: 'net', ipc: 'ipc', uts: 'uts' };

/** The inode that tells namespaces apart (namespaces(7)); undefined where nothing is, or may be seen. */
function namespaceInode(native: Native, path: string): number | undefined {
  try {
    return native.status(path, true)?.ino;
  } catch (error) {
    if (hasErrno(error, 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

/** The host's: our own, or that of the machine's first process. */
function isHosts(native: Native, type: NamespaceType, path: string): boolean {
  const found = namespaceInode(native, path);
  if (found === undefined) return false;
  return ['self', '1'].some(
    (process) => namespaceInode(native, `/proc/${process}/ns/${files[type]}`) === found,
  );
}

/**
 * What belongs to a namespace may be set only where that is the container's. A path in the config may lead to the
 * host's, which no rule can see that looks at the config alone.
 *
 * Throws `Failure` (`invalid`) for kernel parameters, and names of the machine, that would be the host's.
 */
export function checkHostNamespaces(native: Native, config: Config): void {
  const refuse = (type: NamespaceType, pointer: string, what: string): void => {
    const path = joinedNamespace(config.linux, type);
    if (path === undefined || files[type] === undefined || !isHosts(native, type, path)) return;
    throw new Failure('invalid', `${what} would change the host, whose ${type} namespace is "${path}"`, {
      pointer,
      hint: `Leave it out, or give the container a ${type} namespace of its own`,
    });
  };
  for (const name of Object.keys(config.linux?.sysctl ?? {})) {
    const path = sysctlPath(name);
    const owner = path === undefined ? undefined : sysctlOwner(path);
    if (owner !== undefined)
      refuse(owner, `/linux/sysctl/${pointerPart(name)}`, `kernel parameter "${name}"`);
  }
  if (config.hostname) refuse('uts', '/hostname', `hostname "${config.hostname}"`);
  if (config.domainname) refuse('uts', '/domainname', `domainname "${config.domainname}"`);
}
