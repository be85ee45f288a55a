import { because, must, mustNot, optional, required, section, should, shouldNot } from '../support/clause.ts';

const claim = because('It is a claim about the runtime itself, which the tests named elsewhere try.');

export const featuresClauses = [
  ...section('features.md#features', [
    should(
      'features.constant',
      'The structure is settled when the runtime is built.',
      'features.same-everywhere',
    ),
    mustNot('features.null', 'What is null is not taken for empty.', 'features.null-is-not-empty'),
  ]),
  ...section('features.md#featuresSpecificationVersion', [
    required('features.version-min', 'It has the oldest version.', ['features.schema', 'features.versions']),
    must('features.version-min-accepted', 'A config of that version is accepted.', 'features.versions'),
    required('features.version-max', 'It has the newest version.', ['features.schema', 'features.versions']),
    must('features.version-max-accepted', 'A config of that version is accepted.', 'features.versions'),
    mustNot('features.version-order', 'The newest is not older than the oldest.', 'features.version-order'),
    mustNot(
      'features.undefined',
      'It has nothing that its version does not define.',
      'features.known-properties',
    ),
  ]),
  ...section('features.md#featuresHooks', [
    optional('features.hooks', 'hooks lists kinds of hooks.', 'features.hooks'),
    must('features.hooks-known', 'A config with them is accepted.', 'features.hooks'),
  ]),
  ...section('features.md#featuresMountOptions', [
    optional('features.mount-options', 'mountOptions lists options.', 'features.mount-options'),
    must('features.mount-options-known', 'Mounts with them are accepted.', 'features.mount-options'),
    shouldNot(
      'features.mount-options-filesystems',
      'Options of filesystems are not among them.',
      'features.mount-options-of-filesystems',
    ),
  ]),
  ...section('features.md#featuresPlatformSpecificFeatures', [
    optional('features.linux', 'linux is the section for Linux.', [
      'features.schema',
      'features.known-properties',
    ]),
  ]),
  ...section('features.md#featuresAnnotations', [
    optional('features.annotations', 'annotations may be there.', 'features.annotations'),
    must('features.annotations-map', 'They are a map with the rules of a config’s.', 'features.annotations'),
  ]),
  ...section('features.md#featuresPotentiallyUnsafeConfigAnnotations', [
    optional(
      'features.unsafe-annotations',
      'It lists annotations that change what a runtime does.',
      'features.annotations',
    ),
  ]),

  ...section('features-linux.md#linuxFeaturesNamespaces', [
    optional('features.namespaces', 'namespaces lists types.', 'features.namespaces'),
    must('features.namespaces-known', 'Containers with them are made.', 'features.namespaces'),
  ]),
  ...section('features-linux.md#linuxFeaturesCapabilities', [
    optional('features.capabilities', 'capabilities lists names.', 'features.capabilities'),
    must('features.capabilities-known', 'Processes with them are made.', 'features.capabilities'),
  ]),
  ...section('features-linux.md#linuxFeaturesCgroup', [
    optional('features.cgroup', 'cgroup says which kinds are supported.', 'features.cgroup'),
    optional('features.cgroup-v1', 'v1 says so of cgroup v1.', 'features.cgroup'),
    optional('features.cgroup-v2', 'v2 says so of cgroup v2.', 'features.cgroup'),
    optional(
      'features.cgroup-systemd',
      'systemd says so of systemd.',
      because('It takes a systemd; tsoci’s own tests have one.'),
    ),
    optional(
      'features.cgroup-systemd-user',
      'systemdUser says so of a user’s systemd.',
      because('It takes a systemd; tsoci’s own tests have one.'),
    ),
    optional('features.cgroup-rdma', 'rdma says so of RDMA.', 'resources.rdma'),
  ]),
  ...section('features-linux.md#linuxFeaturesSeccomp', [
    optional('features.seccomp', 'seccomp says what filters can do.', 'features.seccomp-actions'),
    optional(
      'features.seccomp-enabled',
      'enabled says whether there are filters.',
      'features.seccomp-actions',
    ),
    optional('features.seccomp-actions', 'actions lists actions.', 'features.seccomp-actions'),
    must('features.seccomp-actions-known', 'Filters with them are made.', 'features.seccomp-actions'),
    optional('features.seccomp-operators', 'operators lists operators.', 'features.seccomp-operators'),
    must('features.seccomp-operators-known', 'Filters with them are made.', 'features.seccomp-operators'),
    optional('features.seccomp-archs', 'archs lists architectures.', 'features.seccomp-archs'),
    must('features.seccomp-archs-known', 'They are recognised.', 'features.seccomp-archs'),
    optional('features.seccomp-known-flags', 'knownFlags lists flags.', 'features.seccomp-known-flags'),
    must('features.seccomp-known-flags-known', 'They are recognised.', 'features.seccomp-known-flags'),
    optional(
      'features.seccomp-supported-flags',
      'supportedFlags lists those that work here.',
      'features.seccomp-supported-flags',
    ),
    must(
      'features.seccomp-supported-flags-work',
      'Filters with them are made.',
      'features.seccomp-supported-flags',
    ),
  ]),
  // AppArmor and SELinux share one anchor.
  ...section('features-linux.md#linuxFeaturesApparmor', [
    optional('features.apparmor', 'apparmor says whether AppArmor is supported.', 'features.lsm', 2),
    optional('features.selinux', 'selinux says whether SELinux is supported.', 'features.lsm', 2),
  ]),
  ...section('features-linux.md#linuxFeaturesMemoryPolicy', [
    optional(
      'features.memory-policy',
      'memoryPolicy says what NUMA policies there are.',
      'features.memory-policy',
    ),
    optional('features.memory-policy-modes', 'modes lists modes.', 'features.memory-policy'),
    must('features.memory-policy-modes-known', 'They are recognised.', 'features.memory-policy'),
    optional('features.memory-policy-flags', 'flags lists flags.', 'features.memory-policy'),
    must('features.memory-policy-flags-known', 'They are recognised.', 'features.memory-policy'),
  ]),
  ...section('features-linux.md#linuxFeaturesIntelRdt', [
    optional('features.intel-rdt', 'intelRdt says what resource control can do.', 'features.intel-rdt'),
    optional('features.intel-rdt-enabled', 'enabled says whether there is any.', 'features.intel-rdt'),
    optional('features.intel-rdt-schemata', 'schemata says so of that field.', 'features.intel-rdt'),
    optional(
      'features.intel-rdt-monitoring',
      'monitoring says so of enableMonitoring.',
      'features.intel-rdt',
    ),
  ]),
  ...section('features-linux.md#linuxFeaturesMountExtensions', [
    optional('features.mount-extensions', 'mountExtensions says what else mounts can do.', 'features.idmap'),
    optional('features.idmap', 'idmap says so of mappings.', 'features.idmap'),
    optional('features.idmap-enabled', 'enabled says whether they are used.', 'features.idmap'),
    must('features.idmap-partial', 'A runtime that can do some of it says true.', claim),
  ]),
  ...section('features-linux.md#linuxFeaturesNetDevices', [
    optional('features.net-devices', 'netDevices says so of network devices.', 'features.net-devices'),
    optional('features.net-devices-enabled', 'enabled says whether they are moved.', 'features.net-devices'),
  ]),
];
