import type { IdMapping } from './config.ts';

/**
 * The id of the host that the maps of a user namespace give to one of its own (user_namespaces(7)); undefined for one
 * that is not mapped.
 */
export function hostIdOf(id: number, mappings: readonly IdMapping[] = []): number | undefined {
  const line = mappings.find(({ containerID, size }) => id >= containerID && id - containerID < size);
  return line && line.hostID + (id - line.containerID);
}

/** An id of the namespace means one of the host. */
export function isMapped(id: number, mappings: readonly IdMapping[]): boolean {
  return hostIdOf(id, mappings) !== undefined;
}
