import type { Linux, Namespace, NamespaceType } from './config.ts';
import { hostIdOf } from './id-mappings.ts';
import { namespaceFlags } from './kernel-flags.ts';

/**
 * The part of a config that says in which namespaces its container is (config-linux.md, Namespaces); without it, in
 * the caller's.
 */
type WithNamespaces = Pick<Linux, 'namespaces'> | undefined;

/**
 * The entry for a namespace type, new or joined; undefined when the container keeps the caller's. No type has two: a
 * rule sees to that.
 */
export function namespaceOf(linux: WithNamespaces, type: NamespaceType): Namespace | undefined {
  return linux?.namespaces?.find((entry) => entry.type === type);
}

/**
 * The entry is of a namespace that is made for this container. An empty path is none, as producers in Go write it.
 */
export function isNew(namespace: Namespace | undefined): boolean {
  return namespace !== undefined && !namespace.path;
}

/** The namespace of a type is created or joined: not the caller's. */
export function hasNamespace(linux: WithNamespaces, type: NamespaceType): boolean {
  return namespaceOf(linux, type) !== undefined;
}

/** The namespace of a type is made for this container. */
export function createsNamespace(linux: WithNamespaces, type: NamespaceType): boolean {
  return isNew(namespaceOf(linux, type));
}

/** The path of the namespace of others that the container joins; undefined where it is a new one or the caller's. */
export function joinedNamespace(linux: WithNamespaces, type: NamespaceType): string | undefined {
  return namespaceOf(linux, type)?.path || undefined;
}

/** clone(2) flag of a namespace type. */
export function flagOf(type: NamespaceType): number {
  return namespaceFlags[type];
}

/** Root of the container's user namespace exists: a joined one is taken to have it. */
export function mapsRoot(linux: Pick<Linux, 'namespaces' | 'uidMappings'>): boolean {
  if (!createsNamespace(linux, 'user')) return true;
  return hostIdOf(0, linux.uidMappings) !== undefined;
}
