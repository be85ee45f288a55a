import type { NamespaceType } from '../spec/config.ts';
import { flagOf } from '../spec/namespaces.ts';
import { PlanBuilder } from './builder.ts';
import type { HostFacts } from './facts.ts';
import type { Phase } from './operations.ts';
import type { Plan } from './plan.ts';

/** A container that runs, and how its root is reached. */
export interface RunningContainer {
  /** Types of its namespaces that differ from the host's. */
  readonly namespaces: readonly string[];
  /** Its root directory, when that is not the root of its mount namespace. */
  readonly root: string | undefined;
  /** Its user namespace has a root. */
  readonly mapsRoot: boolean;
  /** setgroups(2) is forbidden in its user namespace. */
  readonly noSetGroups: boolean;
}

/** What is to be done there: the planner of each says it by operations. */
export interface InsideWork {
  /** With the caller's privileges and the host's paths, as far as both are there. */
  ahead(plan: PlanBuilder, phase: Phase, root: number): void;
  /** In the container's mount namespace. @param root a slot: the container's root directory */
  inside(plan: PlanBuilder, root: number): void;
  /** Namespaces that are shown by what is mounted; joined where they are the container's. */
  readonly shows?: readonly NamespaceType[];
  /** What the stub does when something before has failed: takes it back. */
  undo?(plan: PlanBuilder): void;
}

/**
 * Compiles work on the mounts and files of a container that runs. The stub does it and ends: it stays outside of the
 * container's pid namespace, and what the work opens inside is opened below the container's root, whatever the
 * container does meanwhile.
 *
 * What is made in a user namespace belongs to its root, so that its root does it. An ordinary caller may clone what
 * it mounts only in a mount namespace of its own, which it can make in the container's user namespace: that one is
 * entered first.
 *
 * @param document - What the pointers of the operations lead into.
 */
export function insidePlan(
  document: unknown,
  { namespaces, root: path, mapsRoot, noSetGroups }: RunningContainer,
  { rootless }: Pick<HostFacts, 'rootless'>,
  work: InsideWork,
): Plan {
  const plan = new PlanBuilder(document);
  const container = plan.inherit('process');
  const root = plan.slot();
  if (path !== undefined) plan.add('prepare', '/root/path', 'open-path', { slot: root, path });
  const user = namespaces.includes('user');
  const early = user && rootless;
  if (early) {
    plan.add('namespaces', '', 'join-slot', { slot: container, flags: flagOf('user') });
    plan.add('namespaces', '', 'unshare', { flags: flagOf('mount') });
  }
  work.ahead(plan, early ? 'namespaces' : 'prepare', root);
  let shown = 0;
  for (const type of work.shows ?? []) if (namespaces.includes(type)) shown |= flagOf(type);
  // They may be another user namespace's: the caller's own privileges are over all.
  if (shown !== 0) plan.add('namespaces', '', 'join-slot', { slot: container, flags: shown });
  const flags = (user && !early ? flagOf('user') : 0) | (namespaces.includes('mount') ? flagOf('mount') : 0);
  if (flags !== 0) plan.add('namespaces', '', 'join-slot', { slot: container, flags });
  else if (!early) plan.add('namespaces', '', 'close-slot', { slot: container });
  if (user && mapsRoot)
    plan.add('ids', '', 'become', { uid: 0, gid: 0, groups: rootless || noSetGroups ? 0 : 1 });
  if (path === undefined) plan.add('rootfs', '/root/path', 'open-path', { slot: root, path: '/' });
  work.inside(plan, root);
  // Not later: from the identity on no handle may be open, and what is taken back is taken back by handles.
  plan.add('confine', '', 'finish', {});
  work.undo?.(plan);
  return plan.build(0);
}
