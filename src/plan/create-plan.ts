import { Failure } from '../failure.ts';
import { keepsOriginalGroups } from '../spec/annotations.ts';
import type { Config, Process } from '../spec/config.ts';
import { fileType } from '../spec/devices.ts';
import { propagationType } from '../spec/kernel-flags.ts';
import { createsNamespace, hasNamespace } from '../spec/namespaces.ts';
import { notifyDirectory, notifyName, notifyVariable } from '../spec/notify.ts';
import { isInside } from '../spec/path.ts';
import { PlanBuilder } from './builder.ts';
import { type Compilation, opensAhead, plannedMounts } from './compilation.ts';
import { confineContainer, setParameters } from './confinement.ts';
import type { CreateRequest, HostFacts } from './facts.ts';
import { planCreateHooks, planStartHooks } from './hooks.ts';
import { awaitCgroup, cloneContainer, enterNamespaces, makeNetwork, needsCgroupLate } from './namespaces.ts';
import { NO_SLOT, type Phase } from './operations.ts';
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
import { openCgroups, sealCgroups } from './rootfs/cgroup-mounts.ts';
import { openDevices, planDevices } from './rootfs/devices.ts';
import { mountsNeededLater } from './rootfs/mount-handles.ts';
import { mountRoot, planMount, sealTmpfs } from './rootfs/mounts.ts';
import { openSources } from './rootfs/source-trees.ts';

/** A container may be created without a process; `start` then refuses, so this one never runs. */
const noProcess: Process = { cwd: '/' };

/**
 * The first process of a container has pid 1 in its own namespace, which is how such a program knows that it is
 * meant.
 */
function withListenFds(process: Process, count: number): Process {
  if (count === 0) return process;
  return { ...process, env: [...(process.env ?? []), `LISTEN_FDS=${count}`, 'LISTEN_PID=1'] };
}

/** The container's own socket, whatever the config has there. */
function withNotify(process: Process, directory: string | undefined): Process {
  if (directory === undefined) return process;
  return { ...process, env: [...(process.env ?? []), `${notifyVariable}=${notifyDirectory}/${notifyName}`] };
}

interface Slots {
  readonly start: number;
  readonly console: number;
  readonly seccomp: number;
  readonly root: number;
}

function inheritSlots(
  plan: PlanBuilder,
  process: Process,
  request: CreateRequest,
  joinedMounts: boolean,
): Slots {
  const terminal = process.terminal === true && request.console === 'socket';
  return {
    start: request.startChannel ? plan.inherit('start-socket') : NO_SLOT,
    console: terminal ? plan.inherit('console-socket') : NO_SLOT,
    seccomp: request.seccomp?.notify ? plan.inherit('seccomp-socket') : NO_SLOT,
    root: joinedMounts ? NO_SLOT : plan.inherit('root'),
  };
}

/**
 * Compiles a validated config into the plan that creates its container.
 *
 * Pure: the same input gives the same plan. Throws `Failure` (`invalid`) for what only this machine or the
 * combination of fields makes wrong.
 */
export function createPlan(config: Config, request: CreateRequest, facts: HostFacts): Plan {
  const linux = config.linux ?? {};
  const listening = withListenFds(config.process ?? noProcess, request.listenFds);
  const process = withNotify(listening, request.notify);
  const plan = new PlanBuilder(config);
  const joinedMounts = hasNamespace(linux, 'mount') && !createsNamespace(linux, 'mount');
  const slots = inheritSlots(plan, process, request, joinedMounts);
  const before = {
    config,
    linux,
    mounts: plannedMounts(config, facts, request.notify),
    request,
    facts,
    plan,
    root: plan.slot(),
    directory: slots.root,
    null: linux.maskedPaths?.length ? plan.slot() : NO_SLOT,
    ownMounts: hasNamespace(linux, 'mount'),
    joinedMounts,
    userNamespace: hasNamespace(linux, 'user'),
    trees: new Map(),
    needed: new Set<number>(),
    handles: new Map(),
  };
  const compilation: Compilation = { ...before, needed: mountsNeededLater(before) };
  const own: ProcessCompilation = {
    plan,
    process,
    request,
    facts,
    seccompSocket: slots.seccomp,
    userNamespace: compilation.userNamespace,
    noSetGroups: facts.rootless && linux.gidMappings?.length === 1 && linux.gidMappings[0]?.size === 1,
    keepsGroups: keepsOriginalGroups(config.annotations),
  };
  if (facts.rootless && !compilation.userNamespace) {
    throw new Failure('invalid', 'an ordinary user can create a container only in a new user namespace', {
      pointer: '/linux/namespaces',
      hint: 'Add {"type": "user"} to linux.namespaces, or leave uidMappings and gidMappings to tsoci',
    });
  }
  planSteps(compilation, own, slots);
  return plan.build(request.preserve);
}

/** All that happens, in its order. */
function planSteps(
  compilation: Compilation,
  own: ProcessCompilation,
  slots: ReturnType<typeof inheritSlots>,
): void {
  const { linux, plan } = compilation;
  const { process } = own;
  prepare(compilation, own);
  cloneContainer(compilation);
  enterNamespaces(compilation);
  if (compilation.ownMounts) buildRoot(compilation);
  if (process.terminal) {
    const root = compilation.ownMounts ? compilation.root : NO_SLOT;
    planConsole(own, 'rootfs', { root, socket: slots.console, bind: compilation.ownMounts });
  }
  if (compilation.ownMounts) makeWorkingDirectory(compilation, process);
  planRuntimeHooks(compilation);
  planCreateHooks(compilation);
  setParameters(compilation);
  planLabels(own, 'rootfs');
  if (compilation.ownMounts) enterRoot(compilation);
  else plan.add('pivot', '/root/path', 'enter-root', { slot: slots.root });
  confineContainer(compilation);
  if (compilation.ownMounts) sealTmpfs(compilation);
  sealCgroups(compilation);
  if (linux.personality) planPersonality(plan, linux.personality);
  if (linux.memoryPolicy) planMemoryPolicy(plan, linux.memoryPolicy);
  planAffinity(plan, 'confine', undefined, '');
  planProcessConfinement(own);
  planIdentity(own);
  plan.add('ready', '', 'ready', {});
  if (slots.start !== NO_SLOT) plan.add('ready', '', 'await-start', { socket: slots.start });
  planSeal(own);
  planStartHooks(compilation);
  planExecution(own);
}

/** Stage 0, before any namespace: all that needs the caller's own privileges. */
function prepare(compilation: Compilation, own: ProcessCompilation): void {
  const { plan } = compilation;
  if (compilation.facts.cgroups.made === 'around')
    plan.add('prepare', '/linux/cgroupsPath', 'await-cgroup', {});
  planOomScore(own);
  if (!compilation.facts.rootless) openNull(compilation, 'prepare');
  planHostStreams(own, compilation.linux.uidMappings);
  makeNetwork(compilation);
  // The config may name the cgroup as the source of a mount.
  if (!needsCgroupLate(compilation)) awaitCgroup(compilation, 'prepare');
  openSources(compilation);
  openCgroups(compilation);
  openDevices(compilation);
  if (opensAhead(compilation)) planPrivilegedLimits(own, 'prepare');
}

/** The host's /dev/null, which covers masked files. */
function openNull({ linux, null: slot, ownMounts, plan }: Compilation, phase: Phase): void {
  if (!linux.maskedPaths?.length || !ownMounts) return;
  plan.add(phase, '/linux/maskedPaths', 'open-device', {
    slot,
    path: '/dev/null',
    type: fileType.c,
    major: 1,
    minor: 3,
  });
}

/** The container's mount tree. */
function buildRoot(compilation: Compilation): void {
  mountRoot(compilation);
  if (compilation.facts.rootless) openNull(compilation, 'rootfs');
  for (const planned of compilation.mounts) planMount(compilation, planned);
  planDevices(compilation);
}

function makeWorkingDirectory({ plan, root }: Compilation, { cwd }: Process): void {
  plan.add('rootfs', '/process/cwd', 'make-directory', { root, path: cwd, mode: 0o755, uid: 0, gid: 0 });
}

/**
 * The launcher's hooks and network devices have their turn; its answer carries the state that createContainer hooks
 * read.
 */
function planRuntimeHooks({ config, linux, plan }: Compilation): void {
  const { prestart, createRuntime, createContainer } = config.hooks ?? {};
  if (prestart?.length || createRuntime?.length || createContainer?.length || linux.netDevices)
    plan.ask('rootfs', 'create-runtime');
}

/** The root filesystem becomes the root, with the propagation that the config wants. */
function enterRoot({ facts, joinedMounts, linux, plan, request, root }: Compilation): void {
  // Others live in a joined namespace, and keep their root.
  if (joinedMounts) plan.add('pivot', '/root/path', 'enter-root', { slot: root });
  else
    plan.add('pivot', '/root/path', 'pivot', {
      root,
      mode: request.noPivot ? 1 : 0,
      hidden: facts.kernelViews.filter((path) => !isInside(path, request.rootfs)),
    });
  const propagation = linux.rootfsPropagation;
  if (propagation === undefined) return;
  const name = propagation.replace(
    /^r(?=private|shared|slave|unbindable)/,
    '',
  ) as keyof typeof propagationType;
  plan.add('pivot', '/linux/rootfsPropagation', 'root-propagation', {
    type: propagationType[name],
    recursive: propagation !== name,
  });
}
