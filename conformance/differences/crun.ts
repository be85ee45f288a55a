/**
 * What crun 1.8.1 (Debian 12) does otherwise than the specification says, on cgroup v1, its cgroup2 mount out of
 * sight.
 */
import type { Difference } from './difference.ts';

export const crunDifferences: readonly Difference[] = [
  {
    reason: 'A property that is newer than crun 1.8.1, and that it ignores or refuses.',
    tests: [
      'scheduler.*',
      'io-priority.*',
      'exec-cpu-affinity.*',
      'net-devices.*',
      'memory-policy.*',
      'resources.cpu.burst*',
      'seccomp.metadata-without-listener',
    ],
  },
  {
    reason: 'Its process dies on the way into a time namespace.',
    tests: ['namespace.time-*', 'time.*'],
  },
  {
    reason:
      'libseccomp puts no architectures of another byte order into a filter; others it does not have yet.',
    tests: ['seccomp.architectures-other-byte-order', 'seccomp.architectures-newest'],
  },
  {
    reason: 'A limit of no processes is no limit to it: so it was before runtime-spec 1.3.',
    tests: ['resources.pids.zero'],
  },
  {
    reason: 'It knows versions up to 1.1, and takes what is no version for one.',
    tests: ['version.semantic', 'version.compatible'],
  },
  {
    reason: 'It does not look at such values, or takes what is missing for nothing.',
    tests: [
      'annotations.map',
      'annotations.empty-key',
      'valid-values.types',
      'process.args-empty',
      'process.cwd-relative',
      'process.user-required-fields',
      'process.rlimits-twice',
      'terminal.size-fields',
      'hooks.startContainer-relative-path',
      'hooks.poststart-relative-path',
      'hooks.poststop-relative-path',
      'hooks.prestart-zero-timeout',
      'hooks.createRuntime-zero-timeout',
      'hooks.createContainer-zero-timeout',
      'hooks.startContainer-zero-timeout',
      'hooks.poststart-zero-timeout',
      'hooks.poststop-zero-timeout',
      'namespace.twice',
      'user-mappings.required-fields',
      'devices.required-fields',
      'device-list.required-fields',
      'masked-paths.relative',
      'readonly-paths.relative',
      'root-propagation.wrong',
      'intel-rdt.wrong',
      'personality.wrong',
      'idmap.without-any-mapping',
      'resources.rdma-empty',
      'seccomp.names-empty',
      'seccomp.required-fields',
    ],
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
    reason: 'start does not wait for startContainer hooks, and poststart hooks that fail are ignored.',
    tests: ['hooks.startContainer-fails', 'hooks.poststart-fails'],
  },
  {
    reason: 'Inside the container the bundle is / in the state that a hook gets.',
    tests: ['hooks.startContainer-state'],
  },
  {
    reason: 'When create fails poststop hooks do not run.',
    tests: ['hooks.prestart-fails', 'hooks.createRuntime-fails', 'hooks.createContainer-fails'],
  },
  {
    reason: 'A hook that ends without reading its standard input may end crun as well.',
    tests: ['hooks.*'],
    message: /exit SIGPIPE/,
  },
  {
    reason: 'Any file that is in the way is taken for the device.',
    tests: ['devices.other-file-in-the-way'],
  },
  {
    reason: 'An option does not take an earlier one back; mount(8) lets the last one win.',
    tests: ['async', 'atime', 'dev', 'diratime', 'exec', 'nostrictatime', 'rw', 'suid'].map(
      (name) => `mount-option.${name}`,
    ),
  },
  {
    reason:
      'It does not know the option, and the filesystem refuses it; or the kernel ignores what it asks for.',
    tests: [
      'iversion',
      'noiversion',
      'loud',
      'silent',
      'nosymfollow',
      'symfollow',
      'rnosymfollow',
      'rsymfollow',
    ].map((name) => `mount-option.${name}`),
  },
  {
    reason:
      'The kernel refuses the access time attributes that it asks mount_setattr for, or takes them for one mount.',
    tests: [
      'ratime',
      'rdiratime',
      'rnoatime',
      'rnodiratime',
      'rnostrictatime',
      'rrelatime',
      'rstrictatime',
    ].map((name) => `mount-option.${name}`),
  },
  {
    reason: 'Without rootfsPropagation it makes all mounts private in the end, those with an option as well.',
    tests: ['shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'].map(
      (name) => `mount-option.${name}`,
    ),
  },
  {
    reason: 'A recursive bind mount that is idmapped has no mounts below it.',
    tests: ['idmap.recursive'],
  },
  {
    reason: 'A root filesystem that is a mount of the host becomes private.',
    tests: ['root-propagation.slave'],
  },
  {
    reason: 'It takes intelRdt where no resctrl is mounted.',
    tests: ['intel-rdt.not-mounted'],
  },
  {
    reason: 'It writes -1 where the kernel wants max.',
    tests: ['resources.pids.unlimited'],
  },
  {
    reason: 'It looks for blkio.weight, which this kernel has under the name of its scheduler alone.',
    tests: ['resources.block-io.weight'],
  },
  {
    reason: 'It connects to the agent although no rule asks for one.',
    tests: ['seccomp.listener-without-notify'],
  },
];
