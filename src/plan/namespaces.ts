import { delegateAnnotation, keepsOriginalGroups } from '../spec/annotations.ts';
import type { Namespace, NamespaceType } from '../spec/config.ts';
import { createsNamespace, flagOf, hasNamespace, mapsRoot } from '../spec/namespaces.ts';
import { type Compilation, opensAhead } from './compilation.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import { openProc } from './rootfs/procfs.ts';

const delegatePointer = `/annotations/${delegateAnnotation}`;

/**
 * Everything the clone itself creates. The cgroup and time namespaces are entered afterwards: see `enterNamespaces`.
 */
const clonedTypes: readonly NamespaceType[] = ['user', 'mount', 'pid', 'network', 'ipc', 'uts'];

/**
 * Joins by path, in an order that keeps privileges: those of a privileged caller reach every namespace but are gone
 * once it is in another user namespace, so that one comes last; an unprivileged caller has none elsewhere, so it
 * comes first. The mount namespace comes after all paths were used.
 */
function joinOrder(entries: readonly Namespace[], rootless: boolean): readonly Namespace[] {
  const rank = (type: NamespaceType): number => {
    if (type === 'user') return rootless ? 0 : 3;
    return type === 'mount' ? 2 : 1;
  };
  return entries.filter(({ path }) => path).sort((a, b) => rank(a.type) - rank(b.type));
}

/**
 * On cgroup v2 mounted with nsdelegate nobody may put a process into a cgroup outside of its own cgroup namespace
 * (cgroup-v2.rst, "Delegation Containment"): the process is cloned into its cgroup first, and joins the namespace of
 * another then. With a new user namespace it has no right to do so any more.
 */
function joinsCgroupLate({ facts, linux }: Compilation): boolean {
  return facts.cgroups.unified !== undefined && !createsNamespace(linux, 'user');
}

/** In a mount namespace of others paths lead elsewhere: what is joined after it is opened before. */
function openBeforeMounts({ joinedMounts, linux, plan, trees }: Compilation): void {
  if (!joinedMounts) return;
  for (const [index, { type, path }] of (linux.namespaces ?? []).entries()) {
    if (!path || (type !== 'user' && type !== 'cgroup')) continue;
    const slot = plan.slot();
    plan.add('prepare', `/linux/namespaces/${index}`, 'open-namespace', { slot, path });
    trees.set(`namespace ${type}`, slot);
  }
}

function join({ plan, trees }: Compilation, phase: Phase, from: string, { type, path }: Namespace): void {
  const slot = trees.get(`namespace ${type}`);
  if (slot === undefined) {
    plan.add(phase, from, 'join-namespace', { type: flagOf(type), path: path ?? '' });
    return;
  }
  plan.add(phase, from, 'join-slot', { slot, flags: flagOf(type) });
}

/** Stage 0: namespaces of others are joined, and the container's process is cloned into the new ones. */
export function cloneContainer(compilation: Compilation): void {
  const { linux, plan, facts } = compilation;
  const entries = linux.namespaces ?? [];
  const pointer = (entry: Namespace): string => `/linux/namespaces/${entries.indexOf(entry)}`;
  const early = entersEarly(compilation);
  if (early) joinCgroups(compilation, 'prepare');
  const cgroup = openCgroup(compilation);
  openBeforeMounts(compilation);
  if (opensAhead(compilation)) makeTimeNamespace(compilation, 'namespaces');
  for (const entry of joinOrder(entries, facts.rootless)) {
    if (entry.type === 'cgroup' && joinsCgroupLate(compilation)) continue;
    join(compilation, 'namespaces', pointer(entry), entry);
  }
  if (facts.rootless && createsNamespace(linux, 'user')) {
    // The maps of an undumpable process belong to root, and an ordinary caller could not write them.
    plan.add('namespaces', '/linux/uidMappings', 'dumpable', { value: 1 });
  }
  const created = clonedTypes.filter((type) => createsNamespace(linux, type));
  let flags = created.reduce((sum, type) => sum | flagOf(type), 0);
  if (makesNetworkAhead(compilation)) flags &= ~flagOf('network');
  plan.add('namespaces', '/linux/namespaces', 'clone', { flags: BigInt(flags), cgroup });
  if (needsCgroupLate(compilation)) awaitCgroup(compilation, 'namespaces');
  if (!early) joinCgroups(compilation, 'namespaces');
}

/**
 * What the container's process is cloned into: its cgroup, or the part of it that is delegated. Where it makes a
 * cgroup namespace, it does so in the cgroup, as with crun, and goes into that part then: what it may manage is
 * below the root that it sees, and the limits are on that root, where nobody inside may write (nsdelegate).
 *
 * Joining another user namespace may cost the right to enter: it is all opened before.
 */
function openCgroup({ facts, linux, plan, trees }: Compilation): number {
  const { unified, delegated } = facts.cgroups;
  if (unified === undefined) return NO_SLOT;
  const later = createsNamespace(linux, 'cgroup') ? delegated : undefined;
  const slot = plan.slot();
  plan.add('prepare', '/linux/cgroupsPath', 'open-cgroup', {
    slot,
    path: later === undefined ? (delegated ?? unified) : unified,
    detached: !facts.rootless,
  });
  if (later !== undefined) {
    const tasks = plan.slot();
    plan.add('prepare', delegatePointer, 'open-tasks', { slot: tasks, path: `${later}/cgroup.procs` });
    trees.set(delegateAnnotation, tasks);
  }
  return slot;
}

function enterDelegated({ facts, plan, trees }: Compilation): void {
  const slot = trees.get(delegateAnnotation);
  if (slot === undefined) return;
  plan.add('ids', delegatePointer, 'join-tasks', { slot, path: facts.cgroups.delegated ?? '' });
}

/**
 * A network namespace belongs to the user namespace of its maker, so this is not done ahead where the container has
 * one.
 */
function makesNetworkAhead({ linux, userNamespace }: Compilation): boolean {
  return !userNamespace && createsNamespace(linux, 'network');
}

/**
 * Stage 0 makes the network namespace, which takes most of the time that all namespaces take, and brings it up: it
 * would only wait otherwise until the runtime has made the cgroup.
 */
export function makeNetwork(compilation: Compilation): void {
  if (!makesNetworkAhead(compilation)) return;
  compilation.plan.add('prepare', '/linux/namespaces', 'unshare', { flags: flagOf('network') });
  compilation.plan.add('prepare', '/linux/namespaces', 'loopback-up', {});
}

/** The runtime makes the cgroup while the stub works: from here on it has to be there. */
export function awaitCgroup({ facts, plan }: Compilation, phase: Phase): void {
  if (facts.cgroups.made === 'beside') plan.add(phase, '/linux/cgroupsPath', 'await-cgroup', {});
}

/** With cgroup v1 alone the container's process is cloned before it enters its cgroup. */
export function needsCgroupLate(compilation: Compilation): boolean {
  return compilation.facts.cgroups.unified === undefined && !entersEarly(compilation);
}

/**
 * The kernel charges new namespaces to the cgroup of whoever makes them. So the container's process enters its cgroup
 * itself, and a small memory limit is left to the program, unless it could not any more: in a user namespace it has
 * lost the permission, and in somebody else's mount namespace the paths.
 */
function entersEarly({ linux, facts, userNamespace }: Compilation): boolean {
  return (
    userNamespace || facts.rootless || (hasNamespace(linux, 'mount') && !createsNamespace(linux, 'mount'))
  );
}

function joinCgroups({ facts, plan }: Compilation, phase: Phase): void {
  for (const path of facts.cgroups.join) plan.add(phase, '/linux/cgroupsPath', 'join-cgroup', { path });
  for (const path of facts.resctrlTasks) plan.add(phase, '/linux/intelRdt', 'join-cgroup', { path });
}

/**
 * The container's process, before anything else: who it is in its user namespace, and the namespaces that clone left
 * out.
 */
export function enterNamespaces(compilation: Compilation): void {
  const { linux, plan } = compilation;
  const created = createsNamespace(linux, 'user');
  if (created) {
    plan.ask('ids', 'id-maps');
    if (compilation.facts.rootless) makeTimeNamespace(compilation, 'ids');
    if (compilation.facts.rootless) plan.add('ids', '/linux/uidMappings', 'dumpable', { value: 0 });
  }
  if (hasNamespace(linux, 'user') && mapsRoot(linux)) {
    // Group 0 and no others, unless the kernel forbids setgroups to a namespace that an ordinary user made.
    const groups = compilation.facts.rootless || keepsOriginalGroups(compilation.config.annotations) ? 0 : 1;
    plan.add('ids', '/linux/uidMappings', 'become', { uid: 0, gid: 0, groups });
  }
  for (const [index, entry] of (linux.namespaces ?? []).entries()) {
    if (entry.type !== 'cgroup' || !entry.path || !joinsCgroupLate(compilation)) continue;
    join(compilation, 'ids', `/linux/namespaces/${index}`, entry);
  }
  if (createsNamespace(linux, 'cgroup')) {
    // Its root is the cgroup that its maker is in, so it is made from inside.
    plan.add('ids', '/linux/namespaces', 'unshare', { flags: flagOf('cgroup') });
    enterDelegated(compilation);
  }
  if (!compilation.userNamespace) makeTimeNamespace(compilation, 'ids');
  plan.add('ids', '', 'new-session', {});
}

/**
 * The file that takes the offsets belongs to the process, or to root of the machine when that may not be dumped
 * (proc(5)). So on the way into a user namespace root writes it before the clone, and an ordinary user while its
 * process may still be dumped.
 */
function makeTimeNamespace(compilation: Compilation, phase: Phase): void {
  const { linux, plan } = compilation;
  if (!createsNamespace(linux, 'time')) return;
  const proc = openProc(plan, phase, '/linux/timeOffsets', 'processes');
  plan.add(phase, '/linux/timeOffsets', 'time-offsets', { proc, offsets: timeOffsets(compilation) });
}

/** Lines of /proc/PID/timens_offsets (time_namespaces(7)). */
function timeOffsets({ linux }: Compilation): string {
  const lines: string[] = [];
  for (const clock of ['monotonic', 'boottime'] as const) {
    const offset = linux.timeOffsets?.[clock];
    if (offset !== undefined) lines.push(`${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`);
  }
  return lines.join('');
}
