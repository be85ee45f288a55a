import { hasErrno, type Native } from './native.ts';

/** /proc/self/uid_map in the initial user namespace, as the kernel has always written it (user_namespaces(7)). */
const identityMap = '         0          0 4294967295\n';
const mapLimit = 64 * 1024;

/**
 * We are in somebody's user namespace, where root is not the machine's. A kernel that has none (CONFIG_USER_NS) has
 * no such file either.
 */
export function inUserNamespace(native: Native): boolean {
  try {
    return native.readText('/proc/self/uid_map', mapLimit) !== identityMap;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
