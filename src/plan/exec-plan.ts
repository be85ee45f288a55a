import type { Linux, NamespaceType, Process } from '../spec/config.ts';
import { flagOf, mapsRoot } from '../spec/namespaces.ts';
import { PlanBuilder } from './builder.ts';
import type { ExecRequest, HostFacts } from './facts.ts';
import { NO_SLOT } from './operations.ts';
import type { Plan } from './plan.ts';
import type { ProcessCompilation } from './process/compilation.ts';
import { planMemoryPolicy } from './process/memory-policy.ts';
import { planPersonality } from './process/personality.ts';
import {
  planConsole,
  planExecution,
  planIdentity,
  planLabels,
  planOomScore,
  planPrivilegedLimits,
  planProcessConfinement,
  planSeal,
} from './process/process.ts';
import { planAffinity } from './process/scheduling.ts';
import { planHostStreams } from './process/streams.ts';

/**
 * Compiles the plan of one more process in a running container, whose `linux` concerns it as it does the first one.
 * It joins the namespaces behind the container's pidfd, so that no path can be swapped under it.
 */
export function execPlan(process: Process, linux: Linux, request: ExecRequest, facts: HostFacts): Plan {
  const plan = new PlanBuilder({ process, linux });
  const container = plan.inherit('process');
  const console = process.terminal && request.console === 'socket' ? plan.inherit('console-socket') : NO_SLOT;
  const seccompSocket = request.seccomp?.notify ? plan.inherit('seccomp-socket') : NO_SLOT;
  const userNamespace = request.namespaces.includes('user');
  const own: ProcessCompilation = {
    plan,
    process,
    request,
    facts,
    seccompSocket,
    userNamespace,
    noSetGroups: request.noSetGroups,
    keepsGroups: request.keepsGroups,
  };
  planOomScore(own);
  const { initial, final } = process.execCPUAffinity ?? {};
  if (initial) planAffinity(plan, 'prepare', initial, '/process/execCPUAffinity/initial');
  if (userNamespace && !facts.rootless) planPrivilegedLimits(own, 'prepare');
  planHostStreams(own, linux.uidMappings);
  for (const path of facts.resctrlTasks) plan.add('prepare', '/linux/intelRdt', 'join-cgroup', { path });
  const root = openRoot(plan, request);
  enterContainer(own, request, container, root);
  plan.add('ids', '', 'new-session', {});
  const groups = request.noSetGroups || request.keepsGroups ? 0 : 1;
  if (userNamespace && mapsRoot(linux)) plan.add('ids', '', 'become', { uid: 0, gid: 0, groups });
  if (process.terminal) planConsole(own, 'rootfs', { root: NO_SLOT, socket: console, bind: false });
  if (linux.personality) planPersonality(plan, linux.personality);
  if (linux.memoryPolicy) planMemoryPolicy(plan, linux.memoryPolicy);
  // After the transition to the cgroup the kernel has decided, unless the config says otherwise.
  if (final) planAffinity(plan, 'confine', final, '/process/execCPUAffinity/final');
  else if (!initial) planAffinity(plan, 'confine', undefined, '');
  planProcessConfinement(own);
  planIdentity(own);
  plan.add('ready', '', 'ready', {});
  planSeal(own);
  planExecution(own);
  return plan.build(request.preserve);
}

/** A container without a mount namespace of its own has changed its root only, which no namespace remembers. */
function openRoot(plan: PlanBuilder, { root }: ExecRequest): number {
  if (root === undefined) return NO_SLOT;
  const slot = plan.slot();
  plan.add('prepare', '/root/path', 'open-path', { slot, path: root });
  return slot;
}

/**
 * The process is born in the container, with nothing of the host to be seen in its /proc/PID by who is there already
 * (CAP_SYS_PTRACE shows all): its root and its working directory are the container's, so that the namespaces are
 * joined and the root is entered before the clone. After it come
 *
 * - the cgroup namespace: from inside of it nobody can be taken in from outside (cgroup-v2.rst, "Delegation
 * Containment");
 * - of a container with a user namespace all but the pid namespace, when the clone into the cgroup no longer needs
 * the caller's privileges. Who is
 *   there has no capability over a process that was executed outside of that user namespace and may not be dumped
 *   (ptrace(2)).
 *
 * An ordinary caller has privileges only once it is in the container's user namespace, and joins all others at once,
 * which the kernel does in the right order.
 */
function enterContainer(
  own: ProcessCompilation,
  request: ExecRequest,
  container: number,
  root: number,
): void {
  const { plan, facts } = own;
  let cgroup = NO_SLOT;
  // Who was moved is there already, and so are its children.
  if (request.attached) plan.add('prepare', '', 'await-cgroup', {});
  else if (request.unifiedCgroup !== undefined) {
    cgroup = plan.slot();
    const detached = !facts.rootless;
    plan.add('prepare', '', 'open-cgroup', { slot: cgroup, path: request.unifiedCgroup, detached });
  }
  const tasks = openTasks(plan, request, facts);
  let before = 0;
  let after = 0;
  for (const type of request.namespaces) {
    const flag = flagOf(type as NamespaceType);
    if (type === 'pid' || (type !== 'cgroup' && (facts.rootless || !own.userNamespace))) before |= flag;
    else after |= flag;
  }
  if (before !== 0) plan.add('namespaces', '', 'join-slot', { slot: container, flags: before });
  if (root !== NO_SLOT) plan.add('namespaces', '', 'enter-root', { slot: root });
  plan.add('namespaces', '', 'clone', { flags: 0n, cgroup });
  for (const [slot, path] of tasks) plan.add('namespaces', '', 'join-tasks', { slot, path });
  planLabels(own, 'ids');
  if (after !== 0) plan.add('ids', '', 'join-slot', { slot: container, flags: after });
  else if (before === 0) plan.add('ids', '', 'close-slot', { slot: container });
}

/**
 * The paths of v1 cgroups mean something else in the container's mount namespace, so their files are opened before;
 * the process itself enters them, as two of ours in there could be one too many for a limit of tasks. An ordinary
 * caller enters them at once: to write it takes his rights.
 */
function openTasks(
  plan: PlanBuilder,
  { cgroupJoin }: ExecRequest,
  { rootless }: HostFacts,
): readonly (readonly [slot: number, path: string])[] {
  if (rootless) {
    for (const path of cgroupJoin) plan.add('prepare', '', 'join-cgroup', { path });
    return [];
  }
  return cgroupJoin.map((path) => {
    const slot = plan.slot();
    plan.add('prepare', '', 'open-tasks', { slot, path });
    return [slot, path] as const;
  });
}
