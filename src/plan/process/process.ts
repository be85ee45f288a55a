import { Failure } from '../../failure.ts';
import { capabilityMask } from '../../spec/capability-names.ts';
import { resourceLimits } from '../../spec/kernel-flags.ts';
import { NO_SLOT, type Phase } from '../operations.ts';
import { openProc } from '../rootfs/procfs.ts';
import type { ProcessCompilation } from './compilation.ts';
import { environmentOf, environmentValue } from './environment.ts';
import { planScheduling } from './scheduling.ts';
import { planStreams } from './streams.ts';

/** Searched when the process's environment has no PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const CAP_SYS_ADMIN = 1n << 21n;

/**
 * Stage 0 sets it, and the container's process inherits it: with the caller's procfs, which no process of a container
 * may hold. The file belongs to root while the process may not be dumped (proc(5)), which an ordinary caller, and
 * root of a user namespace, cannot write.
 */
export function planOomScore({ plan, process, facts }: ProcessCompilation): void {
  const value = process.oomScoreAdj;
  if (value === undefined) return;
  const from = '/process/oomScoreAdj';
  const borrowed = !facts.makesDevices;
  if (borrowed) plan.add('prepare', from, 'dumpable', { value: 1 });
  plan.add('prepare', from, 'oom-score', { proc: openProc(plan, 'prepare', from, 'processes'), value });
  if (borrowed) plan.add('prepare', from, 'dumpable', { value: 0 });
}

/**
 * Labels for the next execve(2), which the process can only give itself.
 *
 * @param phase while no mount of the container's is in the way
 */
export function planLabels({ plan, process, facts }: ProcessCompilation, phase: Phase): void {
  const apparmor = facts.apparmor ? process.apparmorProfile : undefined;
  const selinux = facts.selinux ? process.selinuxLabel : undefined;
  if (!apparmor && !selinux) return;
  const proc = openProc(plan, phase, '', 'processes');
  if (apparmor) {
    plan.add(phase, '/process/apparmorProfile', 'label', {
      proc,
      attribute: 'apparmor/exec',
      value: `exec ${apparmor}`,
    });
  }
  if (selinux) {
    plan.add(phase, '/process/selinuxLabel', 'label', { proc, attribute: 'exec', value: selinux });
  }
}

/** Limits that only the host's privileges can raise are set before those are left behind for a user namespace. */
export function planPrivilegedLimits(compilation: ProcessCompilation, phase: Phase): void {
  const { plan, process } = compilation;
  for (const [index, limit] of (process.rlimits ?? []).entries()) {
    const resource = resourceLimits[limit.type as keyof typeof resourceLimits];
    const pointer = `/process/rlimits/${index}`;
    if (resource === undefined)
      throw new Failure('invalid', `unknown resource limit "${limit.type}"`, { pointer: `${pointer}/type` });
    plan.add(phase, pointer, 'rlimit', { resource, soft: BigInt(limit.soft), hard: BigInt(limit.hard) });
  }
  planScheduling(compilation, phase);
}

/** Keyring and limits: all that needs privileges but is nobody's identity. */
export function planProcessConfinement(compilation: ProcessCompilation): void {
  const { plan, request, facts } = compilation;
  if (request.keyring !== undefined) plan.add('confine', '', 'keyring', { name: request.keyring });
  if (!compilation.userNamespace || facts.rootless) planPrivilegedLimits(compilation, 'confine');
}

/** Loading a filter without no_new_privs takes CAP_SYS_ADMIN, which is then kept until the filter is in. */
function keepsAdmin({ process, request }: ProcessCompilation): boolean {
  return request.seccomp !== undefined && process.noNewPrivileges !== true;
}

function planCapabilities(compilation: ProcessCompilation, phase: Phase, extra: bigint): void {
  const { process, facts, plan, userNamespace } = compilation;
  // A user namespace's first process has them all; otherwise what this caller lacks cannot be granted, and the
  // specification wants a warning and not a failure (config.md, capabilities).
  const available = userNamespace ? ~0n : facts.capabilities;
  const mask = (names: readonly string[] | undefined): bigint => capabilityMask(names) & available;
  const sets = process.capabilities;
  plan.add(phase, '/process/capabilities', 'capabilities', {
    effective: mask(sets?.effective) | (extra & available),
    permitted: mask(sets?.permitted) | (extra & available),
    inheritable: mask(sets?.inheritable),
    // The kernel raises only what is permitted and inheritable (capabilities(7)); the bundle room has warned of the
    // rest.
    ambient: mask(sets?.ambient) & mask(sets?.inheritable) & mask(sets?.permitted),
  });
}

/** Who the process is, where it stands, and which file it will execute. */
export function planIdentity(compilation: ProcessCompilation): void {
  const { plan, process, noSetGroups, keepsGroups } = compilation;
  const user = process.user;
  planStreams(compilation);
  plan.add('identity', '/process/user/umask', 'umask', { mask: user?.umask ?? 0o022 });
  plan.add('identity', '/process/cwd', 'working-directory', { path: process.cwd, attempt: true });
  plan.add('identity', '/process/capabilities/bounding', 'bounding-set', {
    keep: capabilityMask(process.capabilities?.bounding),
  });
  const groups = keepsGroups ? [] : (user?.additionalGids ?? []);
  if (noSetGroups && groups.length > 0) {
    throw new Failure(
      'invalid',
      'additional groups are not possible in a user namespace of an ordinary user without subordinate ids',
      {
        pointer: '/process/user/additionalGids',
      },
    );
  }
  const environment = environmentOf(process);
  // As root: the file need not be readable for the user.
  if (environmentValue(environment, 'HOME') === undefined) {
    plan.add('identity', '/process/user/uid', 'home-directory', { uid: user?.uid ?? 0 });
  }
  plan.add('identity', '/process/user', 'user', {
    uid: user?.uid ?? 0,
    gid: user?.gid ?? 0,
    groups,
    setGroups: !(noSetGroups || keepsGroups),
  });
  planCapabilities(compilation, 'identity', keepsAdmin(compilation) ? CAP_SYS_ADMIN : 0n);
  plan.add('identity', '/process/cwd', 'working-directory', { path: process.cwd, attempt: false });
  const name = process.args?.[0];
  if (name !== undefined) {
    const path = environmentValue(environment, 'PATH') ?? defaultPath;
    plan.add('identity', '/process/args/0', 'find-executable', { name, path });
  }
}

/** The last privileges are given up, and the filter is loaded. */
export function planSeal(compilation: ProcessCompilation): void {
  const { plan, process, request } = compilation;
  if (process.noNewPrivileges) plan.add('seal', '/process/noNewPrivileges', 'no-new-privileges', {});
  if (request.seccomp !== undefined) {
    plan.add('seal', '/linux/seccomp', 'seccomp', {
      flags: request.seccomp.flags,
      filter: request.seccomp.filter,
      listener: request.seccomp.notify ? compilation.seccompSocket : NO_SLOT,
    });
    if (keepsAdmin(compilation)) planCapabilities(compilation, 'seal', 0n);
  }
}

/** The very last step. */
export function planExecution({ plan, process, request }: ProcessCompilation): void {
  plan.add('exec', '/process/args', 'execute', {
    args: process.args ?? [],
    environment: environmentOf(process),
    preserve: request.preserve,
  });
}

/** Where a terminal is made and goes to. */
interface ConsolePlace {
  /** The handle of the root filesystem whose devpts it is of. */
  readonly root: number;
  readonly socket: number;
  /** Over /dev/console as well. */
  readonly bind: boolean;
}

/** A new terminal becomes the standard streams. */
export function planConsole(
  compilation: ProcessCompilation,
  phase: Phase,
  { root, socket, bind }: ConsolePlace,
): void {
  const { plan, process, request } = compilation;
  plan.add(phase, '/process/terminal', 'console', {
    root,
    socket,
    rows: request.terminalSize?.rows ?? process.consoleSize?.height ?? 0,
    columns: request.terminalSize?.columns ?? process.consoleSize?.width ?? 0,
    uid: process.user?.uid ?? 0,
    bind,
  });
}
