import type { Linux, NamespaceType, Process } from '../bundle/config.ts';
import { PlanBuilder } from './builder.ts';
import { flagOf } from './compilation.ts';
import type { ExecRequest, HostFacts } from './facts.ts';
import { planMemoryPolicy } from './memory-policy.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import { planPersonality } from './personality.ts';
import type { Plan } from './plan.ts';
import {
  type ProcessCompilation,
  planConsole,
  planExecution,
  planIdentity,
  planPrivilegedLimits,
  planProcessConfinement,
} from './process.ts';
import { planAffinity } from './scheduling.ts';
import { planHostStreams } from './streams.ts';

/**
 * Compiles the plan of one more process in a running container, whose `linux` concerns it as it does the first one. It joins the namespaces
 * behind the container's pidfd, so that no path can be swapped under it.
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
    proc: plan.slot(),
    seccompSocket,
    userNamespace,
    noSetGroups: request.noSetGroups,
  };
  plan.add('prepare', '', 'open-proc', { slot: own.proc });
  const { initial, final } = process.execCPUAffinity ?? {};
  if (initial) planAffinity(plan, 'prepare', initial, '/process/execCPUAffinity/initial');
  if (userNamespace && !facts.rootless) planPrivilegedLimits(own, 'prepare');
  planHostStreams(own, linux.uidMappings);
  for (const path of facts.resctrlTasks) plan.add('prepare', '/linux/intelRdt', 'join-cgroup', { path });
  const root = openRoot(plan, request);
  enterContainer(plan, request, facts, container);
  plan.add('ids', '', 'new-session', {});
  if (userNamespace) plan.add('ids', '', 'become', { uid: 0, gid: 0, groups: request.noSetGroups ? 0 : 1 });
  if (process.terminal) planConsole(own, 'rootfs', NO_SLOT, console, false);
  if (root !== NO_SLOT) plan.add('pivot', '', 'enter-root', { slot: root });
  if (linux.personality) planPersonality(plan, linux.personality);
  if (linux.memoryPolicy) planMemoryPolicy(plan, linux.memoryPolicy);
  // After the transition to the cgroup the kernel has decided, unless the config says otherwise.
  if (final) planAffinity(plan, 'confine', final, '/process/execCPUAffinity/final');
  else if (!initial) planAffinity(plan, 'confine', undefined, '');
  planProcessConfinement(own);
  planIdentity(own);
  plan.add('ready', '', 'ready', {});
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
 * A pid namespace holds only for children, so it is joined before the clone; the rest comes after it, when the
 * clone into the cgroup no longer needs the caller's privileges. An ordinary caller has privileges only once it is in the
 * container's user namespace, and joins all others at once, which the kernel does in the right order.
 */
function enterContainer(plan: PlanBuilder, request: ExecRequest, facts: HostFacts, container: number): void {
  let cgroup = NO_SLOT;
  if (request.attached) plan.ask('prepare', 'cgroup');
  if (request.unifiedCgroup !== undefined) {
    cgroup = plan.slot();
    plan.add('prepare', '', 'open-path', { slot: cgroup, path: request.unifiedCgroup });
  }
  const joinCgroups = (phase: Phase): void => {
    for (const path of request.cgroupJoin) plan.add(phase, '', 'join-cgroup', { path });
  };
  // An ordinary caller is in the container's mount namespace before the clone, where the paths mean something else.
  if (facts.rootless) joinCgroups('prepare');
  // From inside the cgroup namespace nobody can be taken in from outside of it (cgroup-v2.rst, "Delegation Containment").
  let before = 0;
  let after = 0;
  for (const type of request.namespaces) {
    const flag = flagOf(type as NamespaceType);
    if (facts.rootless ? type !== 'cgroup' : type === 'pid') before |= flag;
    else after |= flag;
  }
  if (before !== 0) plan.add('namespaces', '', 'join-slot', { slot: container, flags: before });
  plan.add('namespaces', '', 'clone', { flags: 0n, cgroup });
  if (!facts.rootless) joinCgroups('namespaces');
  if (after !== 0) plan.add('ids', '', 'join-slot', { slot: container, flags: after });
}
