import type { Native } from './native.ts';

/** /proc/self/uid_map in the initial user namespace, as the kernel has always written it (user_namespaces(7)). */
const identityMap = '         0          0 4294967295\n';
const mapLimit = 64 * 1024;

/** We are in somebody's user namespace, where root is not the machine's. */
export function inUserNamespace(native: Native): boolean {
  return native.readText('/proc/self/uid_map', mapLimit) !== identityMap;
}
