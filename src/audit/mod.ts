import type { Config } from '../spec/config.ts';
import { type AuditFinding, bySeverity } from './finding.ts';
import { type AuditRule, findingsOf } from './rule.ts';
import { annotations } from './rules/annotations.ts';
import { appArmorAndSelinux } from './rules/apparmor-and-selinux.ts';
import { blockDevices } from './rules/block-devices.ts';
import { capabilities } from './rules/capabilities.ts';
import { cgroupMounts } from './rules/cgroup-mounts.ts';
import { devices } from './rules/devices.ts';
import { engineSockets } from './rules/engine-sockets.ts';
import { groups } from './rules/groups.ts';
import { hooks } from './rules/hooks.ts';
import { hostNamespaces } from './rules/host-namespaces.ts';
import { hostPaths } from './rules/host-paths.ts';
import { kernelFilesystems } from './rules/kernel-filesystems.ts';
import { limits } from './rules/limits.ts';
import { masks } from './rules/masks.ts';
import { newPrivileges } from './rules/new-privileges.ts';
import { propagation } from './rules/propagation.ts';
import { rootFilesystem } from './rules/root-filesystem.ts';
import { seccomp } from './rules/seccomp.ts';
import { userNamespace } from './rules/user-namespace.ts';
import { type Look, subjectOf } from './subject.ts';

export { type AuditFinding, reaches, type Severity, severities } from './finding.ts';
export type { HostFile, Look } from './subject.ts';

/** Every rule, in the order in which docs/audit.md lists them. */
export const auditRules: readonly AuditRule[] = [
  engineSockets,
  hostPaths,
  blockDevices,
  devices,
  capabilities,
  userNamespace,
  hostNamespaces,
  kernelFilesystems,
  cgroupMounts,
  masks,
  seccomp,
  newPrivileges,
  propagation,
  hooks,
  limits,
  groups,
  appArmorAndSelinux,
  annotations,
  rootFilesystem,
];

/**
 * What a bundle leaves open to its process, worst first. Reads the config, and looks what its paths are on this host;
 * changes nothing.
 *
 * @param directory - The bundle's, absolute.
 */
export function audit(config: Config, directory: string, look: Look): AuditFinding[] {
  const subject = subjectOf(config, directory, look);
  return bySeverity(auditRules.flatMap((rule) => findingsOf(rule, subject)));
}
