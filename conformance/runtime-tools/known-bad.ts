/**
 * Programs of runtime-tools that no runtime can pass, or none on this kind of machine; docs/conformance.md tells
 * more.
 */

export interface KnownBad {
  /** Whose fault it is: the suite's, or that of this kind of machine (its kernel, its cgroups, its privileges). */
  readonly fault: 'suite' | 'machine';
  readonly reason: string;
  /** The complaints that are meant. Any other complaint of the same program is a failure. */
  readonly complaints: RegExp;
}

const noLeafWeight: KnownBad = {
  fault: 'machine',
  reason: 'it wants blkio.leaf_weight, which belonged to the CFQ scheduler and left Linux with 5.0',
  complaints: /exit status 1|leaf_?weight|failed to create the container/i,
};

const hugePagesInV2: KnownBad = {
  fault: 'machine',
  reason: 'the hugetlb controller sits in cgroup2 here, and the program looks into cgroup v1 alone',
  complaints: /hugetlb|relative to the cgroups mount point|exit status 1|failed to create the container/i,
};

const noNetworkControllers: KnownBad = {
  fault: 'machine',
  reason: 'net_cls and net_prio are not mounted here',
  complaints: /net_cls|net_prio|exit status 1|failed to create the container/i,
};

const noKernelLimit: KnownBad = {
  fault: 'machine',
  reason: 'the kernel takes memory.kmem.limit_in_bytes and ignores it',
  complaints: /^not ok \d+ - memory kernel is set correctly/,
};

export const knownBad: Readonly<Record<string, KnownBad>> = {
  hooks: {
    fault: 'suite',
    reason:
      'it compares with text that its own hooks do not write (`post-start1` for `post-start1 called`), and asserts nothing',
    complaints: /Hooks MUST be called in the listed order/,
  },
  linux_cgroups_blkio: noLeafWeight,
  linux_cgroups_relative_blkio: noLeafWeight,
  linux_cgroups_hugetlb: hugePagesInV2,
  linux_cgroups_relative_hugetlb: hugePagesInV2,
  linux_cgroups_memory: noKernelLimit,
  linux_cgroups_relative_memory: noKernelLimit,
  linux_cgroups_network: noNetworkControllers,
  linux_cgroups_relative_network: noNetworkControllers,
  misc_props: {
    fault: 'suite',
    reason: 'its first bundle names the program /runtimetest, which it did not put there',
    complaints: /unknown annotation key/,
  },
  pidfile: {
    fault: 'suite',
    reason:
      'it kills `true`, which is over as a rule, and wants that to succeed; runtime.md wants an error. A start that does not wait for execve may come in time',
    complaints: /'--pid-file' option works/,
  },
  poststart_fail: {
    fault: 'suite',
    reason:
      'it wants a warning, as runtime-spec 1.2 did; since 1.3 a poststart hook that fails stops the container',
    complaints: /if any poststart hook fails, the runtime MUST log a warning/,
  },
  prestart: {
    fault: 'suite',
    reason:
      'it wants prestart hooks to run at start, as runtime-spec 1.0 did; since 1.1 they are part of create',
    complaints: /Pre-start hooks MUST be called after the `start` operation/,
  },
  process_capabilities: {
    fault: 'machine',
    reason: 'it wants CAP_SYS_RESOURCE, which root does not have here',
    complaints: /expected \w+ capability CAP_SYS_RESOURCE set/,
  },
  process_capabilities_fail: {
    fault: 'suite',
    reason: 'it wants an error for unknown capabilities; since runtime-spec 1.1 they are to be warned about',
    complaints: /cannot be mapped to a relevant kernel interface MUST cause an error/,
  },
  process_rlimits: {
    fault: 'suite',
    reason:
      'its program is built by Go 1.19, whose start-up raises its own soft RLIMIT_NOFILE to the hard one',
    complaints: /has expected soft RLIMIT_NOFILE/,
  },
  start: {
    fault: 'suite',
    reason:
      'it asserts the opposite of what it says: that start without a process succeeds, and that the container stops',
    complaints: /MUST generate an error if `process` was not set|timeout in waiting for the container status/,
  },
};
