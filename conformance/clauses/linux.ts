import {
  because,
  mayNot,
  must,
  mustNot,
  optional,
  required,
  section,
  should,
  shouldNot,
} from '../support/clause.ts';

const types = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];
const allTypes = (kind: string): readonly string[] => types.map((type) => `namespace.${type}-${kind}`);

export const linuxClauses = [
  ...section('config-linux.md#configLinuxDefaultFilesystems', [
    should('filesystems.default', '/proc, /sys, /dev/pts and /dev/shm are there.', [
      'mounts.default-filesystems',
      'mounts.types',
    ]),
  ]),

  ...section('config-linux.md#configLinuxNamespaces', [
    required('namespaces.type', 'A namespace has a type.', 'namespace.unknown-type'),
    should('namespaces.types', 'All eight types are known.', [
      ...allTypes('new'),
      'namespace.pid-isolated',
      'namespace.network-loopback',
      'namespace.ipc-isolated',
    ]),
    optional('namespaces.path', 'path is a namespace’s file.', allTypes('path')),
    must(
      'namespaces.path-absolute',
      'It is an absolute path of the runtime’s mount namespace.',
      'namespace.relative-path',
    ),
    must('namespaces.path-joined', 'The process is in the namespace behind it.', allTypes('path')),
    must('namespaces.path-type', 'A file of another type, or of none, is an error.', [
      'namespace.wrong-type',
      'namespace.path-is-no-namespace',
    ]),
    must('namespaces.new', 'Without path the namespace is new.', allTypes('new')),
    must('namespaces.inherited', 'A type that is not listed is the runtime’s.', allTypes('inherited')),
    must('namespaces.twice', 'A type that is listed twice is an error.', 'namespace.twice'),
  ]),

  ...section('config-linux.md#configLinuxUserNamespaceMappings', [
    optional('user-mappings.uid', 'uidMappings are the map of users.', 'user-mappings.map'),
    optional('user-mappings.gid', 'gidMappings are the map of groups.', 'user-mappings.map'),
    required('user-mappings.container-id', 'A line has a containerID.', 'user-mappings.required-fields'),
    required('user-mappings.host-id', 'A line has a hostID.', 'user-mappings.required-fields'),
    required('user-mappings.size', 'A line has a size.', 'user-mappings.required-fields'),
    shouldNot('user-mappings.ownership', 'Files keep their owners.', 'user-mappings.ownership-kept'),
  ]),

  ...section('config-linux.md#configLinuxTimeOffset', [
    optional('time-offsets', 'timeOffsets are those of the time namespace.', [
      'time.offsets',
      'time.offsets-inside',
      'time.offsets-without-namespace',
    ]),
    optional('time-offsets.secs', 'secs are whole seconds, which may be negative.', [
      'time.offsets',
      'time.negative-offset',
    ]),
    optional('time-offsets.nanosecs', 'nanosecs are the rest.', ['time.offsets', 'time.negative-offset']),
  ]),

  ...section('config-linux.md#configLinuxDevices', [
    optional('devices', 'devices lists device nodes.', [
      'devices.char',
      'devices.block',
      'devices.fifo',
      'devices.unbuffered',
      'devices.user-namespace',
    ]),
    must('devices.available', 'They are in the container.', [
      'devices.char',
      'devices.block',
      'devices.fifo',
    ]),
    required('devices.type', 'A device has a type.', 'devices.required-fields'),
    required('devices.path', 'A device has a path, anywhere.', ['devices.required-fields', 'devices.char']),
    must('devices.in-the-way', 'Another file at the path is an error.', [
      'devices.other-file-in-the-way',
      'devices.same-device-there',
    ]),
    required('devices.numbers', 'A device that is no FIFO has its numbers.', [
      'devices.required-fields',
      'devices.fifo',
    ]),
    optional('devices.file-mode', 'fileMode is its mode.', [
      'devices.char',
      'devices.exact-mode',
      'devices.fifo',
    ]),
    optional('devices.uid', 'uid is its owner, as the container numbers users.', [
      'devices.char',
      'devices.fifo',
    ]),
    optional('devices.gid', 'gid is its group, as the container numbers groups.', [
      'devices.char',
      'devices.block',
      'devices.fifo',
    ]),
    shouldNot(
      'devices.twice',
      'A device is listed once.',
      because('It binds who writes configs; two paths to one device are allowed.'),
    ),
    mayNot('devices.no-others', 'Other devices are out of reach.', [
      'devices.not-others',
      'device-list.denied',
    ]),
  ]),
  ...section('config-linux.md#configLinuxDefaultDevices', [
    must(
      'devices.default',
      'null, zero, full, random, urandom, tty and ptmx are there, and console with a terminal.',
      ['devices.defaults', 'devices.defaults-work', 'devices.ptmx', 'terminal.console'],
    ),
  ]),

  ...section('config-linux.md#configLinuxNetworkDevices', [
    optional('net-devices', 'netDevices lists network devices of the host.', 'net-devices.moved'),
    must('net-devices.available', 'They are in the container.', [
      'net-devices.moved',
      'net-devices.without-namespace',
    ]),
    optional('net-devices.name', 'name is what a device is called inside.', [
      'net-devices.renamed',
      'net-devices.moved',
    ]),
    must('net-devices.checked', 'Whether a device can be moved is checked.', 'net-devices.missing'),
    must('net-devices.taken', 'A name that is taken is an error.', 'net-devices.name-taken'),
    must(
      'net-devices.template',
      'A name with %d is a template, and the kernel chooses.',
      'net-devices.template',
    ),
    must(
      'net-devices.attributes',
      'Attributes and permanent global addresses are kept.',
      'net-devices.attributes',
    ),
    must('net-devices.up', 'Devices are up afterwards.', 'net-devices.up'),
  ]),
  ...section('config-linux.md#namespace-lifecycle-and-container-termination', [
    mustNot(
      'net-devices.not-managed',
      'What becomes of a device inside is not the runtime’s business.',
      'net-devices.stays-in-joined-namespace',
    ),
    mustNot(
      'net-devices.not-moved-back',
      'A device is not moved back before the container is deleted.',
      'net-devices.stays-in-joined-namespace',
    ),
  ]),

  ...section('config-linux.md#configLinuxMemoryPolicy', [
    optional('memory-policy', 'memoryPolicy is the NUMA policy of the container.', [
      'memory-policy.MPOL_BIND',
      'memory-policy.MPOL_INTERLEAVE',
    ]),
    required('memory-policy.mode', 'It has a mode.', [
      ...['DEFAULT', 'PREFERRED', 'BIND', 'INTERLEAVE', 'LOCAL', 'PREFERRED_MANY', 'WEIGHTED_INTERLEAVE'].map(
        (name) => `memory-policy.MPOL_${name}`,
      ),
      'memory-policy.wrong',
    ]),
    optional('memory-policy.nodes', 'nodes lists nodes.', ['memory-policy.MPOL_BIND', 'memory-policy.wrong']),
    optional(
      'memory-policy.flags',
      'flags are those of set_mempolicy.',
      ['NUMA_BALANCING', 'RELATIVE_NODES', 'STATIC_NODES'].map((name) => `memory-policy.MPOL_F_${name}`),
    ),
  ]),

  ...section('config-linux.md#configLinuxSysctl', [
    optional('sysctl', 'sysctl sets kernel parameters of the container’s namespaces.', [
      'sysctl',
      'sysctl.refused-by-the-kernel',
    ]),
  ]),
  ...section('config-linux.md#configLinuxRootfsMountPropagation', [
    optional(
      'root-propagation',
      'rootfsPropagation is the propagation of the root mount.',
      ['shared', 'slave', 'private', 'unbindable', 'wrong'].map((name) => `root-propagation.${name}`),
    ),
  ]),
  ...section('config-linux.md#configLinuxMaskedPaths', [
    optional('masked-paths', 'Nothing can be read below maskedPaths.', 'masked-paths'),
    must('masked-paths.absolute', 'They are absolute paths of the container.', 'masked-paths.relative'),
  ]),
  ...section('config-linux.md#configLinuxReadonlyPaths', [
    optional('readonly-paths', 'Nothing can be written below readonlyPaths.', 'readonly-paths'),
    must('readonly-paths.absolute', 'They are absolute paths of the container.', 'readonly-paths.relative'),
  ]),
  ...section('config-linux.md#configLinuxMountLabel', [
    optional('mount-label', 'mountLabel is the SELinux context of mounts.', 'mount-label'),
  ]),
  ...section('config-linux.md#configLinuxPersonality', [
    optional('personality', 'personality is the execution domain.', [
      'personality.LINUX32',
      'personality.LINUX',
    ]),
    required('personality.domain', 'It has a domain.', [
      'personality.wrong',
      'personality.LINUX32',
      'personality.LINUX',
    ]),
    optional('personality.flags', 'No flag is defined.', 'personality.wrong'),
  ]),
];
