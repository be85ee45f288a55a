/**
 * What runc 1.1.5 (Debian 12) does otherwise than the specification says, on cgroup v1 with a cgroup2 mount beside
 * it.
 */
import type { Difference } from './difference.ts';

export const runcDifferences: readonly Difference[] = [
  {
    reason: 'A property that is newer than runc 1.1.5, and that it ignores or refuses.',
    tests: [
      'scheduler.*',
      'io-priority.*',
      'exec-cpu-affinity.*',
      'namespace.time-*',
      'time.*',
      'domainname',
      'net-devices.*',
      'memory-policy.*',
      'personality.*',
      'idmap.*',
      'intel-rdt.wrong',
      'resources.cpu.burst*',
      'resources.cpu.idle',
      'seccomp.flag.*',
      'seccomp.metadata-without-listener',
    ],
  },
  {
    reason: 'An architecture that its libseccomp does not have; it knows fewer than the table, too.',
    tests: ['seccomp.architectures-*'],
  },
  {
    reason: 'A limit of no processes is no limit to it: so it was before runtime-spec 1.3.',
    tests: ['resources.pids.zero'],
  },
  {
    reason: 'It takes an ociVersion for granted.',
    tests: ['version.semantic', 'version.missing', 'version.newer-major'],
  },
  {
    reason: 'It does not look at such values, or takes what is missing for nothing.',
    tests: [
      'annotations.values',
      'annotations.empty-key',
      'process.rlimits-twice',
      'terminal.size-fields',
      'hooks.no-path',
      'hooks.createContainer-relative-path',
      'hooks.startContainer-relative-path',
      'hooks.poststop-relative-path',
      'hooks.startContainer-zero-timeout',
      'hooks.poststop-zero-timeout',
      'devices.required-fields',
      'device-list.required-fields',
      'masked-paths.relative',
      'readonly-paths.relative',
      'resources.block-io.weight-device-empty',
      'seccomp.errno-not-supported',
      'seccomp.names-empty',
      'seccomp.required-fields',
    ],
  },
  {
    reason: 'It refuses a root path that is a symlink to a directory.',
    tests: ['root.symlink'],
  },
  {
    reason: 'It deletes a container that is only created, and ends its process.',
    tests: ['delete.created'],
  },
  {
    reason: 'A capability that it does not have itself is an error.',
    tests: ['capabilities.not-to-be-had'],
  },
  {
    reason: 'It runs poststart hooks at the end of create.',
    tests: ['hooks.poststart-state', 'hooks.poststart-fails', 'hooks.sequence'],
  },
  {
    reason: 'start does not wait for startContainer hooks.',
    tests: ['hooks.startContainer-fails'],
  },
  {
    reason: 'A poststop hook that fails keeps the others from running.',
    tests: ['hooks.poststop-fails'],
  },
  {
    reason: 'It wants id mappings for a user namespace that it joins.',
    tests: ['namespace.user-path'],
  },
  {
    reason: 'Without a mount namespace it does not find /proc in a root that has none.',
    tests: ['namespace.mount-inherited'],
  },
  {
    reason: 'Any file that is in the way is taken for the device.',
    tests: ['devices.other-file-in-the-way'],
  },
  {
    reason: 'defaults, which its features list, goes to the filesystem, and tmpfs refuses it.',
    tests: ['mount-option.defaults', 'features.mount-options'],
  },
  {
    reason: 'The kernel refuses the access time attributes that it asks mount_setattr for.',
    tests: ['mount-option.ratime', 'mount-option.rnostrictatime'],
  },
  {
    reason: 'A root filesystem that is a mount of the host becomes private, whatever is wanted.',
    tests: ['root-propagation.shared', 'root-propagation.slave', 'root-propagation.unbindable'],
  },
  {
    reason: 'It ignores kernelTCP.',
    tests: ['resources.memory.kernel-tcp'],
  },
  {
    reason: 'It looks for the hugetlb controller in cgroup v1 alone, and here it is in the cgroup2 mount.',
    tests: ['resources.huge-pages'],
  },
];
