import {
  because,
  must,
  mustNot,
  notRecommended,
  optional,
  required,
  section,
  should,
  shouldNot,
} from '../support/clause.ts';

const v1Ownership = 'cgroups.ownership-v1';
const v2Ownership = 'cgroups.ownership-v2';
const throttles = [
  'throttleReadBpsDevice',
  'throttleWriteBpsDevice',
  'throttleReadIOPSDevice',
  'throttleWriteIOPSDevice',
].map((name) => `resources.block-io.${name}`);

export const linuxCgroupClauses = [
  ...section('config-linux.md#configLinuxControlGroups', [
    must(
      'cgroups.fit',
      'A cgroup that a runtime has looked at and found unfit is an error.',
      because(
        'Whether a runtime looks is its own choice, and from outside not to be told from another error.',
      ),
    ),
  ]),

  ...section('config-linux.md#configLinuxCgroupsPath', [
    optional('cgroups-path', 'cgroupsPath is where the container’s cgroup is.', [
      'cgroups-path.absolute',
      'cgroups-path.made',
      'cgroups-path.default',
      'cgroups.joins-existing',
    ]),
    must('cgroups-path.kinds', 'It is absolute or relative.', [
      'cgroups-path.absolute',
      'cgroups-path.relative',
      'cgroups-path.escapes',
    ]),
    must(
      'cgroups-path.absolute',
      'An absolute one begins at the mount point of cgroups.',
      'cgroups-path.absolute',
    ),
    must('cgroups-path.same-place', 'One value is always one place.', 'cgroups-path.same-place'),
    must('cgroups-path.invalid', 'A value that a runtime does not take is an error.', 'cgroups-path.escapes'),
  ]),

  ...section('config-linux.md#cgroup-ownership', [
    shouldNot('cgroups.owner-v1', 'On cgroup v1 the owner of cgroups stays.', v1Ownership),
    shouldNot(
      'cgroups.owner-without-namespace',
      'Without a new cgroup namespace the owner stays.',
      v2Ownership,
    ),
    should(
      'cgroups.owner-changed',
      'With a writable mount of cgroups the container’s user becomes the owner.',
      v2Ownership,
    ),
    shouldNot('cgroups.owner-without-mount', 'Without such a mount the owner stays.', v2Ownership),
    should(
      'cgroups.owner-files',
      'Only the directory and the files that the kernel names change hands.',
      v2Ownership,
    ),
    mustNot(
      'cgroups.owner-missing-files',
      'A file that the kernel names and that is not there is no failure.',
      v2Ownership,
    ),
    should('cgroups.owner-present-files', 'The files that are there change hands.', v2Ownership),
    must(
      'cgroups.owner-fallback',
      'Where the kernel names none, it is the three that every cgroup has.',
      because('Every kernel that this suite can run on names them.'),
    ),
    shouldNot('cgroups.owner-others', 'No other file changes hands.', v2Ownership),
  ]),

  ...section('config-linux.md#configLinuxDeviceAllowedlist', [
    optional('device-list', 'devices of resources is what may be done with devices.', [
      'device-list.denied',
      'device-list.allowed',
      'device-list.defaults-stay',
    ]),
    must('device-list.order', 'Its entries are applied in their order.', 'device-list.order'),
    required('device-list.allow', 'An entry says whether it allows.', 'device-list.required-fields'),
    optional('device-list.type', 'type is char, block or all, which is what none means.', [
      'device-list.wildcards',
      'device-list.required-fields',
    ]),
    optional('device-list.numbers', 'Numbers that are missing stand for all.', 'device-list.wildcards'),
    optional('device-list.access', 'access is of r, w and m.', 'device-list.access'),
  ]),

  ...section('config-linux.md#configLinuxMemory', [
    optional('memory', 'memory limits memory.', 'resources.memory.limit'),
    optional('memory.limit', 'limit is the limit, -1 for none.', [
      'resources.memory.limit',
      'resources.memory.unlimited',
    ]),
    optional('memory.reservation', 'reservation is the soft limit.', 'resources.memory.reservation'),
    optional('memory.swap', 'swap is the limit of memory and swap together.', 'resources.memory.swap'),
    optional(
      'memory.kernel',
      'kernel is the limit of kernel memory, where there still is one.',
      'resources.memory.kernel',
    ),
    notRecommended(
      'memory.kernel-discouraged',
      'It is not to be used any more.',
      because('It binds who writes configs.'),
    ),
    optional('memory.kernel-tcp', 'kernelTCP is the limit of socket buffers.', [
      'resources.memory.kernel-tcp',
      'resources.memory.kernel',
    ]),
    notRecommended(
      'memory.kernel-tcp-discouraged',
      'It is not to be used any more.',
      because('It binds who writes configs.'),
    ),
    optional(
      'memory.swappiness',
      'swappiness is vm.swappiness for the cgroup.',
      'resources.memory.swappiness',
    ),
    optional(
      'memory.oom-killer',
      'disableOOMKiller turns the OOM killer off.',
      'resources.memory.disable-oom-killer',
    ),
    optional(
      'memory.hierarchy',
      'useHierarchy accounts for child cgroups.',
      because('Every kernel since Linux 5.11 does so, whatever is asked for.'),
    ),
    optional(
      'memory.check-field',
      'checkBeforeUpdate asks for a look at the usage first.',
      'resources.memory.check-before-update',
    ),
    must('memory.check', 'Then a limit below the usage is refused.', 'resources.memory.check-before-update'),
  ]),

  ...section('config-linux.md#configLinuxCPU', [
    optional('cpu.shares', 'shares is the relative share.', 'resources.cpu.shares'),
    optional('cpu', 'cpu limits the use of CPUs.', 'resources.cpu.quota'),
    optional('cpu.quota', 'quota is the time in each period.', 'resources.cpu.quota'),
    must('cpu.quota-burst', 'A positive quota is no smaller than burst.', 'resources.cpu.burst-above-quota'),
    optional('cpu.burst', 'burst is the time that may be saved up.', 'resources.cpu.burst'),
    must('cpu.burst-quota', 'burst is no larger than a positive quota.', 'resources.cpu.burst-above-quota'),
    optional('cpu.period', 'period is the length of a period.', 'resources.cpu.quota'),
    optional(
      'cpu.realtime-runtime',
      'realtimeRuntime is the time for real-time tasks.',
      'resources.cpu.realtime',
    ),
    optional('cpu.realtime-period', 'realtimePeriod is the period for them.', 'resources.cpu.realtime'),
    optional('cpu.cpus', 'cpus lists CPUs.', 'resources.cpu.cpus'),
    optional('cpu.mems', 'mems lists memory nodes.', 'resources.cpu.cpus'),
    optional('cpu.idle', 'idle 1 is the lowest weight of all.', 'resources.cpu.idle'),
  ]),

  ...section('config-linux.md#configLinuxBlockIO', [
    optional('block-io', 'blockIO limits block devices.', throttles),
    optional('block-io.weight', 'weight is the cgroup’s weight.', 'resources.block-io.weight'),
    optional(
      'block-io.leaf-weight',
      'leafWeight is the weight against child cgroups.',
      because('Only the CFQ scheduler had it, which left Linux with 5.0.'),
    ),
    optional(
      'block-io.weight-device',
      'weightDevice has weights by device.',
      'resources.block-io.weight-device-empty',
    ),
    required(
      'block-io.weight-device-numbers',
      'They have the device’s numbers.',
      'resources.block-io.weight-device-empty',
    ),
    optional('block-io.weight-device-weight', 'weight is that of a device.', 'resources.block-io.weight'),
    optional(
      'block-io.weight-device-leaf-weight',
      'leafWeight is that of a device.',
      because('Only the CFQ scheduler had it, which left Linux with 5.0.'),
    ),
    must(
      'block-io.weight-device-one',
      'An entry has at least one of them.',
      'resources.block-io.weight-device-empty',
    ),
    optional('block-io.throttle', 'The throttles limit bytes and operations by device.', throttles, 2),
    required(
      'block-io.throttle-numbers',
      'They have the device’s numbers.',
      ['resources.block-io.required-fields', ...throttles],
      2,
    ),
    required(
      'block-io.throttle-rate',
      'They have a rate.',
      ['resources.block-io.required-fields', ...throttles],
      2,
    ),
  ]),

  ...section('config-linux.md#configLinuxHugePageLimits', [
    optional('huge-pages', 'hugepageLimits limits huge pages.', 'resources.huge-pages'),
    required('huge-pages.size', 'A limit is for one size of page.', [
      'resources.huge-pages',
      'resources.huge-pages-wrong',
    ]),
    required('huge-pages.limit', 'It has a limit.', 'resources.huge-pages'),
  ]),
  ...section('config-linux.md#configLinuxNetwork', [
    optional('network', 'network marks packets.', 'resources.network'),
    optional('network.class-id', 'classID is net_cls’s.', 'resources.network'),
    optional('network.priorities', 'priorities are net_prio’s.', 'resources.network'),
    required('network.priority-name', 'A priority has a device.', 'resources.network-required-fields'),
    required('network.priority-value', 'A priority has a value.', 'resources.network-required-fields'),
  ]),
  ...section('config-linux.md#configLinuxPIDS', [
    optional('pids', 'pids limits tasks.', 'resources.pids.limit'),
    optional('pids.limit', 'limit is their number, -1 for any.', [
      'resources.pids.limit',
      'resources.pids.unlimited',
    ]),
    should('pids.zero', '0 is a limit like any other.', 'resources.pids.zero'),
  ]),
  ...section('config-linux.md#configLinuxRDMA', [
    optional('rdma', 'rdma limits RDMA devices.', 'resources.rdma'),
    optional('rdma.handles', 'hcaHandles is the number of handles.', 'resources.rdma'),
    optional('rdma.objects', 'hcaObjects is the number of objects.', 'resources.rdma'),
    must('rdma.one', 'A device has at least one of them.', 'resources.rdma-empty'),
  ]),
  ...section('config-linux.md#configLinuxUnified', [
    optional('unified', 'unified has files of cgroup v2 by name.', 'resources.unified'),
    must('unified.enabled', 'Their controllers are enabled.', 'resources.unified'),
    must('unified.unknown', 'What a runtime does not know is written all the same.', 'resources.unified'),
    must(
      'unified.missing',
      'A controller that is not there is an error.',
      'resources.unified-controller-missing',
    ),
  ]),
  // The sentence stands below the heading of the example before it.
  ...section('config-linux.md#example', [
    must(
      'unified.conversion',
      'A limit of cgroup v1 that v2 has no counterpart for is an error.',
      'resources.v1-only-limit-on-v2',
    ),
  ]),
];
