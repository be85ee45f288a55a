import type { Config, Linux, Mount, NamespaceType } from '../bundle/config.ts';
import type { PlanBuilder } from './builder.ts';
import type { CreateRequest, HostFacts } from './facts.ts';
import { namespaceFlags } from './kernel-flags.ts';
import type { ParsedMountOptions } from './mount-options.ts';

/** What the sections share while one config is compiled. */
export interface Compilation {
  readonly config: Config;
  readonly linux: Linux;
  readonly request: CreateRequest;
  readonly facts: HostFacts;
  readonly plan: PlanBuilder;
  /** Slots of the container's root and of the host's /dev/null. */
  readonly root: number;
  /** What the caller opened as the root filesystem; NO_SLOT where its path is one of a mount namespace of others. */
  readonly directory: number;
  readonly null: number;
  /** The container has a mount namespace to build in: one of its own, or somebody's that it joins. */
  readonly ownMounts: boolean;
  /** That namespace is somebody's. */
  readonly joinedMounts: boolean;
  /** A user namespace is created or joined. */
  readonly userNamespace: boolean;
  /** Slots of trees that were opened ahead with the caller's privileges, by what they are for. */
  readonly trees: Map<string, number>;
  /** Entries of `mounts` that are needed again after they were made, and the slots in which those are open. */
  readonly needed: ReadonlySet<number>;
  readonly handles: Map<number, number>;
}

/** The namespace of a type when the config lists it without a path: to be created. */
export function createsNamespace(linux: Linux, type: NamespaceType): boolean {
  for (const entry of linux.namespaces ?? []) if (entry.type === type && !entry.path) return true;
  return false;
}

/** The namespace of a type is created or joined: not the caller's. */
export function hasNamespace(linux: Linux, type: NamespaceType): boolean {
  for (const entry of linux.namespaces ?? []) if (entry.type === type) return true;
  return false;
}

/** clone(2) flag of a namespace type. */
export function flagOf(type: NamespaceType): number {
  return namespaceFlags[type];
}

/**
 * Host paths are opened before the user namespace, with the caller's privileges; a caller without privileges gains them
 * only inside its new namespaces, where its own files are as reachable as before.
 */
export function opensAhead(compilation: Pick<Compilation, 'facts' | 'userNamespace'>): boolean {
  return compilation.userNamespace && !compilation.facts.rootless;
}

/** A bind mount by its options, or by the type that Docker's older configs carry. */
export function isBind(mount: Mount, options: ParsedMountOptions): boolean {
  return options.bind !== 'no' || mount.type === 'bind';
}
