import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { inUserNamespace } from '../../host/in-user-namespace.ts';
import { parseMountTable } from '../../host/mount-table.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import type { CgroupFacts, HostFacts } from '../../plan/facts.ts';
import type { Config } from '../../spec/config.ts';

const smallFile = 4096;

/** True when a file of the kernel starts with `Y`; false when it is not there. */
function says(native: Native, path: string, yes: string): boolean {
  try {
    return native.readText(path, smallFile).startsWith(yes);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return false;
    throw error;
  }
}

/** AppArmor is in force on this machine. */
export function hasAppArmor(native: Native): boolean {
  return says(native, '/sys/module/apparmor/parameters/enabled', 'Y');
}

/** SELinux is in force on this machine: its filesystem is mounted where userspace expects it. */
export function hasSelinux(native: Native): boolean {
  return native.status('/sys/fs/selinux/enforce', true) !== undefined;
}

/**
 * AppArmor is asked for and in force. To be confined by nothing is had on every machine; anything else would not be
 * what was asked for.
 */
function appArmorFor(native: Native, profile: string | undefined): boolean {
  if (!profile) return false;
  if (hasAppArmor(native)) return true;
  if (profile === 'unconfined') return false;
  throw new Failure(
    'unsupported',
    `AppArmor profile "${profile}": AppArmor is not in force on this machine`,
    {
      pointer: '/process/apparmorProfile',
      hint: 'Leave the profile out, or turn AppArmor on (kernel parameters lsm= and apparmor=1)',
    },
  );
}

/** The same of SELinux, for each place that may have a label. */
function selinuxFor(
  native: Native,
  labels: readonly (readonly [pointer: string, label: string | undefined])[],
): boolean {
  const asked = labels.find(([, label]) => Boolean(label));
  if (asked === undefined) return false;
  if (hasSelinux(native)) return true;
  const [pointer, label] = asked;
  throw new Failure('unsupported', `SELinux label "${label}": SELinux is not in force on this machine`, {
    pointer,
    hint: 'Leave the label out, or turn SELinux on (kernel parameters lsm= and selinux=1)',
  });
}

/** The two of them that device nodes are planned by. */
export function deviceFacts(native: Native): Pick<HostFacts, 'rootless' | 'makesDevices'> {
  const rootless = native.userId() !== 0;
  // Root of somebody's user namespace only: the kernel makes no device nodes for it.
  return { rootless, makesDevices: !rootless && !inUserNamespace(native) };
}

/**
 * What the planner needs to know of this machine for one config. Labels are looked for only when the config has one.
 *
 * Throws `Failure` (`unsupported`) for a label that this machine cannot give.
 */
export function gatherFacts(
  host: Host,
  cgroups: CgroupFacts,
  resctrlTasks: readonly string[],
  config: Pick<Config, 'process' | 'linux'>,
): HostFacts {
  const { native } = host;
  const { process, linux } = config;
  return {
    ...deviceFacts(native),
    cgroups,
    resctrlTasks,
    capabilities: native.permittedCapabilities(),
    apparmor: appArmorFor(native, process?.apparmorProfile),
    selinux: selinuxFor(native, [
      ['/process/selinuxLabel', process?.selinuxLabel],
      ['/linux/mountLabel', linux?.mountLabel],
    ]),
    kernelViews: [],
  };
}

const longestTable = 16 * 1024 * 1024;

/** See `HostFacts.kernelViews`. */
export function findKernelViews(native: Native): string[] {
  return parseMountTable(native.readText('/proc/self/mountinfo', longestTable))
    .filter(({ type, root }) => root === '/' && (type === 'proc' || type === 'sysfs'))
    .map(({ target }) => target)
    .sort((one, other) => other.length - one.length);
}
