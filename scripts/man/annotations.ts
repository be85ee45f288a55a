/** What annotations of config.json do, for the manual; test/unit/cli/table/manual.test.ts asks for a row for each. */
export const annotationRows: readonly { readonly name: string; readonly does: string }[] = [
  {
    name: 'run.oci.keep_original_groups',
    does:
      'With "1" the process keeps the supplementary groups of whoever creates the container, and of whoever calls exec, ' +
      'in place of process.user.additionalGids.',
  },
  {
    name: 'run.oci.hooks.stdout, run.oci.hooks.stderr',
    does:
      'Absolute path of a regular file of the host, to which what hooks say is appended; it is made with mode 0600 where it is not there. ' +
      'Of createContainer and startContainer hooks it gets the first MiB of each stream. What goes to no file is in the error of a hook that fails.',
  },
  {
    name: 'run.oci.mount_context_type',
    does: 'The mount option by which linux.mountLabel is given: context (the default), fscontext, defcontext or rootcontext.',
  },
  {
    name: 'run.oci.pidfd_receiver',
    does: 'A unix socket that is sent a pidfd of the new process, as by --pidfd-socket.',
  },
  {
    name: 'run.oci.seccomp.receiver',
    does: "The seccomp agent's unix socket where linux.seccomp.listenerPath is not set.",
  },
  {
    name: 'run.oci.seccomp_fail_unknown_syscall',
    does: 'With "1" a system call in linux.seccomp that libseccomp does not know is refused; otherwise it is left out.',
  },
  {
    name: 'run.oci.seccomp_bpf_data',
    does: 'The filter itself in place of what linux.seccomp says: an array of struct sock_filter in base64.',
  },
  {
    name: 'run.oci.systemd.subgroup',
    does:
      "With --systemd-cgroup and cgroup v2, the name of a cgroup in the scope that is the container's, with its limits. Empty, or without the annotation, " +
      'the container is in the scope itself.',
  },
  {
    name: 'run.oci.delegate-cgroup',
    does:
      "With cgroup v2, the name of a cgroup below the container's: its processes are there and may manage it, while the limits are on the one above. " +
      'A new cgroup namespace has the one above as its root.',
  },
  {
    name: 'org.systemd.property.NAME',
    does:
      "A property of the container's scope, with --systemd-cgroup; the value is in GVariant text, such as true, 'abc', uint64 5. " +
      'A NAME that ends in Sec becomes one in USec, and its number is multiplied by a million.',
  },
  {
    name: 'org.criu.config',
    does: "A file with CRIU's own options, which win over those of checkpoint and restore.",
  },
];
