import type { Features } from '../bundle/config.ts';
import { OCI_VERSION } from '../bundle/oci-version.ts';
import { capabilityNames } from '../plan/capability-names.ts';
import { namespaceFlags } from '../plan/kernel-flags.ts';
import { memoryPolicyFlags, memoryPolicyModes } from '../plan/memory-policy.ts';
import { mountOptionNames } from '../plan/mount-options.ts';
import { seccompFeatures } from '../seccomp/seccomp-features.ts';
import { criuAnnotation } from './checkpoint/criu-annotation.ts';
import type { Context } from './types.ts';

/** Everything below is what the plan can compile, from the tables that compile it (features.md, features-linux.md). */
export async function features(context: Context): Promise<Features> {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: OCI_VERSION,
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: mountOptionNames().sort(),
    // The name that callers of runc look for.
    annotations: { 'org.opencontainers.runc.checkpoint.enabled': 'true' },
    potentiallyUnsafeConfigAnnotations: [criuAnnotation],
    linux: {
      namespaces: Object.keys(namespaceFlags).sort() as (keyof typeof namespaceFlags)[],
      capabilities: [...capabilityNames],
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: await seccompFeatures(context.host),
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
