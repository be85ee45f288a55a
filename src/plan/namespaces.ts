import type { Namespace, NamespaceType } from '../bundle/config.ts';
import { type Compilation, createsNamespace, flagOf, hasNamespace, opensAhead } from './compilation.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import { openProc } from './procfs.ts';

/** Everything the clone itself creates. The cgroup and time namespaces are entered afterwards: see `enterNamespaces`. */
const clonedTypes: readonly NamespaceType[] = ['user', 'mount', 'pid', 'network', 'ipc', 'uts'];

/**
 * Joins by path, in an order that keeps privileges: those of a privileged caller reach every namespace but are gone once it
 * is in another user namespace, so that one comes last; an unprivileged caller has none elsewhere, so it comes first. The
 * mount namespace comes after all paths were used.
 */
function joinOrder(entries: readonly Namespace[], rootless: boolean): readonly Namespace[] {
  const rank = (type: NamespaceType): number => {
    if (type === 'user') return rootless ? 0 : 3;
    return type === 'mount' ? 2 : 1;
  };
  const joined: Namespace[] = [];
  for (const entry of entries) if (entry.path) joined.push(entry);
  return joined.length < 2 ? joined : joined.sort((a, b) => rank(a.type) - rank(b.type));
}

/**
 * On cgroup v2 mounted with nsdelegate nobody may put a process into a cgroup outside of its own cgroup namespace (cgroup-v2.rst,
 * "Delegation Containment"): the process is cloned into its cgroup first, and joins the namespace of another then. With a new user
 * namespace it has no right to do so any more.
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
  // Joining another user namespace may cost the right to clone into the cgroup: its directory is opened before.
  let cgroup = NO_SLOT;
  if (facts.cgroups.unified !== undefined) {
    cgroup = plan.slot();
    plan.add('prepare', '/linux/cgroupsPath', 'open-cgroup', {
      slot: cgroup,
      path: facts.cgroups.unified,
      detached: facts.rootless ? 0 : 1,
    });
  }
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
  let flags = 0;
  for (const type of clonedTypes) if (createsNamespace(linux, type)) flags |= flagOf(type);
  plan.add('namespaces', '/linux/namespaces', 'clone', { flags: BigInt(flags), cgroup });
  if (!early) joinCgroups(compilation, 'namespaces');
}

/**
 * The kernel charges new namespaces to the cgroup of whoever makes them. So the container's process enters its cgroup itself, and a small
 * memory limit is left to the program, unless it could not any more: in a user namespace it has lost the permission,
 * and in somebody else's mount namespace the paths.
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

/** The container's process, before anything else: who it is in its user namespace, and the namespaces that clone left out. */
export function enterNamespaces(compilation: Compilation): void {
  const { linux, plan } = compilation;
  const created = createsNamespace(linux, 'user');
  if (created) {
    plan.ask('ids', 'id-maps');
    if (compilation.facts.rootless) makeTimeNamespace(compilation, 'ids');
    if (compilation.facts.rootless) plan.add('ids', '/linux/uidMappings', 'dumpable', { value: 0 });
  }
  if (hasNamespace(linux, 'user') && mapsRoot(compilation)) {
    // Group 0 and no others, unless the kernel forbids setgroups to a namespace that an ordinary user made.
    const groups = compilation.facts.rootless ? 0 : 1;
    plan.add('ids', '/linux/uidMappings', 'become', { uid: 0, gid: 0, groups });
  }
  for (const [index, entry] of (linux.namespaces ?? []).entries()) {
    if (entry.type !== 'cgroup' || !entry.path || !joinsCgroupLate(compilation)) continue;
    join(compilation, 'ids', `/linux/namespaces/${index}`, entry);
  }
  if (createsNamespace(linux, 'cgroup')) {
    // Its root is the cgroup that its maker is in, so it is made from inside.
    plan.add('ids', '/linux/namespaces', 'unshare', { flags: flagOf('cgroup') });
  }
  if (!compilation.userNamespace) makeTimeNamespace(compilation, 'ids');
  plan.add('ids', '', 'new-session', {});
}

/**
 * The file that takes the offsets belongs to the process, or to root of the machine when that may not be dumped (proc(5)). So on the way
 * into a user namespace root writes it before the clone, and an ordinary user while its process may still be dumped.
 */
function makeTimeNamespace(compilation: Compilation, phase: Phase): void {
  const { linux, plan } = compilation;
  if (!createsNamespace(linux, 'time')) return;
  const proc = openProc(plan, phase, '/linux/timeOffsets', 'processes');
  plan.add(phase, '/linux/timeOffsets', 'time-offsets', { proc, offsets: timeOffsets(compilation) });
}

/** Root of the user namespace exists: a joined one is taken to have it. */
function mapsRoot({ linux }: Compilation): boolean {
  if (!createsNamespace(linux, 'user')) return true;
  return linux.uidMappings?.some((mapping) => mapping.containerID === 0) ?? false;
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
