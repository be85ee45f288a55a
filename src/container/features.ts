import { seccompFeatures } from '../seccomp/seccomp-features.ts';
import { unsafeAnnotations } from '../spec/annotations.ts';
import { capabilityNames } from '../spec/capability-names.ts';
import type { Features } from '../spec/config.ts';
import { namespaceFlags } from '../spec/kernel-flags.ts';
import { memoryPolicyFlags, memoryPolicyModes } from '../spec/memory-policy.ts';
import { mountOptionNames } from '../spec/mount-options.ts';
import { OCI_VERSION } from '../spec/oci-version.ts';
import { commit, version } from '../version.ts';
import type { Context } from './types.ts';

/**
 * Everything below is what the plan can compile, from the tables that compile it (features.md, features-linux.md).
 */
export async function features(context: Context): Promise<Features> {
  const { features: seccomp, libseccomp } = await seccompFeatures(context.host);
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: OCI_VERSION,
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: mountOptionNames().sort(),
    annotations: annotationsOf(libseccomp),
    potentiallyUnsafeConfigAnnotations: [...unsafeAnnotations],
    linux: {
      namespaces: Object.keys(namespaceFlags).sort() as (keyof typeof namespaceFlags)[],
      capabilities: [...capabilityNames],
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp,
      apparmor: { enabled: true },
      selinux: { enabled: true },
      memoryPolicy: {
        modes: Object.keys(memoryPolicyModes) as (keyof typeof memoryPolicyModes)[],
        flags: Object.keys(memoryPolicyFlags) as (keyof typeof memoryPolicyFlags)[],
      },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
  };
}

/**
 * Names of features.md ("Annotations") that others use already where there is one: libseccomp's as runc and crun give
 * it, and what callers of runc look for before a checkpoint. Our own begin with our name: `org.opencontainers` is
 * reserved (config.md, Annotations).
 */
function annotationsOf(libseccomp: string | undefined): Record<string, string> {
  return {
    ...(libseccomp !== undefined && { 'io.github.seccomp.libseccomp.version': libseccomp }),
    'org.opencontainers.runc.checkpoint.enabled': 'true',
    ...(commit !== undefined && { 'tsoci.commit': commit }),
    'tsoci.version': version,
  };
}
