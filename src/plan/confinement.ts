import { Failure } from '../failure.ts';
import { createsNamespace, hasNamespace } from '../spec/namespaces.ts';
import { normalizePath } from '../spec/path.ts';
import { pointerPart } from '../spec/pointer.ts';
import { sysctlPath } from '../spec/sysctl.ts';
import type { Compilation } from './compilation.ts';
import { placeOf } from './rootfs/mount-handles.ts';
import { openProc } from './rootfs/procfs.ts';

/**
 * Kernel parameters, as the last thing before the pivot: network devices and what hooks did to them are there by now,
 * and in a user namespace a procfs can be mounted as long as the mount namespace has one that is not covered
 * (mount_namespaces(7)).
 */
export function setParameters({ linux, plan }: Compilation): void {
  const entries = Object.entries(linux.sysctl ?? {});
  if (entries.length === 0) return;
  const proc = openProc(plan, 'rootfs', '/linux/sysctl', 'parameters');
  for (const [name, value] of entries) {
    const from = `/linux/sysctl/${pointerPart(name)}`;
    const path = sysctlPath(name);
    if (path === undefined)
      throw new Failure('invalid', `"${name}" is no name of a kernel parameter`, { pointer: from });
    plan.add('rootfs', from, 'sysctl', { proc, path: `sys/${path}`, value });
  }
}

/** Names, and which paths cannot be seen or written: after the pivot, all relative to the new root. */
export function confineContainer(compilation: Compilation): void {
  const { config, linux, plan } = compilation;
  // Without a namespace it would be the host that is renamed.
  const named = hasNamespace(linux, 'uts');
  if (named && config.hostname) plan.add('confine', '/hostname', 'hostname', { name: config.hostname });
  if (named && config.domainname)
    plan.add('confine', '/domainname', 'domainname', { name: config.domainname });
  if (createsNamespace(linux, 'network') && compilation.userNamespace)
    plan.add('confine', '/linux/namespaces', 'loopback-up', {});
  if (!compilation.ownMounts) return;
  for (const [index, path] of (linux.readonlyPaths ?? []).entries()) {
    const whole = normalizePath(path);
    plan.add('confine', `/linux/readonlyPaths/${index}`, 'readonly-path', {
      path: whole,
      ...placeOf(compilation, whole),
    });
  }
  planMasks(compilation);
  if (config.root?.readonly) plan.add('confine', '/root/readonly', 'root-readonly', {});
}

/** One empty read-only tmpfs serves every masked directory; files are covered by /dev/null. */
function planMasks(compilation: Compilation): void {
  const { linux, plan, facts, null: device } = compilation;
  const paths = linux.maskedPaths ?? [];
  if (paths.length === 0) return;
  const empty = plan.slot();
  const label = linux.mountLabel && facts.selinux ? [`context=${linux.mountLabel}`] : [];
  plan.add('confine', '/linux/maskedPaths', 'empty-tmpfs', {
    slot: empty,
    options: ['mode=755', 'nr_inodes=2', ...label],
  });
  for (const [index, path] of paths.entries()) {
    const whole = normalizePath(path);
    plan.add('confine', `/linux/maskedPaths/${index}`, 'mask', {
      path: whole,
      null: device,
      empty,
      ...placeOf(compilation, whole),
    });
  }
}
