import type { Config } from '../bundle/config.ts';
import type { Host } from '../host/host.ts';
import { inUserNamespace } from '../host/in-user-namespace.ts';
import { hasErrno, type Native } from '../host/native.ts';
import type { CgroupFacts, HostFacts } from '../plan/facts.ts';

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

/** What the planner needs to know of this machine for one config. Labels are looked for only when the config has one. */
export function gatherFacts(
  host: Host,
  cgroups: CgroupFacts,
  resctrlTasks: readonly string[],
  config: Pick<Config, 'process' | 'linux'>,
): HostFacts {
  const { native } = host;
  const { process, linux } = config;
  const rootless = native.userId() !== 0;
  return {
    rootless,
    // Root of somebody's user namespace only: the kernel makes no device nodes for it.
    makesDevices: !rootless && !inUserNamespace(native),
    cgroups,
    resctrlTasks,
    capabilities: native.permittedCapabilities(),
    apparmor: process?.apparmorProfile ? hasAppArmor(native) : false,
    selinux: process?.selinuxLabel || linux?.mountLabel ? hasSelinux(native) : false,
  };
}
