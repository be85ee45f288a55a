import { must, mustNot, optional, required, section, shouldNot } from '../support/clause.ts';

const policies = [
  'scheduler.SCHED_OTHER-nice7',
  'scheduler.SCHED_OTHER-nice-5',
  'scheduler.SCHED_BATCH-nice3',
  'scheduler.SCHED_IDLE',
  'scheduler.SCHED_IDLE-nice11',
  'scheduler.SCHED_FIFO-priority12',
  'scheduler.SCHED_RR-priority1',
  'scheduler.SCHED_DEADLINE',
];

const capabilitySets = ['effective', 'bounding', 'inheritable', 'permitted', 'ambient'];

export const linuxProcessClauses = section('config.md#configLinuxProcess', [
  optional('apparmor', 'apparmorProfile is the process’s profile.', 'process.apparmor'),
  optional('capabilities', 'capabilities are the process’s five sets.', [
    'capabilities.sets',
    'capabilities.absent',
  ]),
  must('capabilities.warned', 'Capabilities that cannot be had are warned about.', [
    'capabilities.unknown',
    'capabilities.not-to-be-had',
  ]),
  shouldNot('capabilities.not-fatal', 'They are no reason to fail.', [
    'capabilities.unknown',
    'capabilities.not-to-be-had',
  ]),
  ...capabilitySets.map((set) =>
    optional(`capabilities.${set}`, `The ${set} set is the config’s.`, [
      'capabilities.sets',
      'capabilities.root',
      'capabilities.absent',
    ]),
  ),
  optional('no-new-privileges', 'With noNewPrivileges execve grants nothing.', 'process.no-new-privileges'),
  optional('oom-score-adj', 'oomScoreAdj is the process’s oom_score_adj.', 'process.oom-score-adj'),
  must('oom-score-adj.set', 'If set, it is set.', 'process.oom-score-adj'),
  mustNot('oom-score-adj.unset', 'If not set, it stays what it was.', 'process.oom-score-adj-unset'),
  optional('scheduler', 'scheduler is how the process is scheduled.', policies),
  required('scheduler.policy', 'It has a policy.', ['scheduler.unknown', ...policies]),
  optional('scheduler.nice', 'nice is its nice value, 0 if not given.', policies),
  optional('scheduler.priority', 'priority is its static priority, 0 if not given.', policies),
  optional('scheduler.flags', 'flags are those of sched_setattr.', [
    'scheduler.flags',
    'scheduler.keep-flags',
    'scheduler.unknown',
  ]),
  optional('scheduler.runtime', 'runtime is for the deadline policy.', 'scheduler.SCHED_DEADLINE'),
  optional('scheduler.deadline', 'deadline is for the deadline policy.', 'scheduler.SCHED_DEADLINE'),
  optional('scheduler.period', 'period is for the deadline policy.', 'scheduler.SCHED_DEADLINE'),
  optional('selinux', 'selinuxLabel is the process’s label.', 'process.selinux'),
  optional('io-priority', 'ioPriority is the process’s I/O priority.', 'io-priority.classes'),
  required('io-priority.class', 'It has a class.', ['io-priority.classes', 'io-priority.wrong']),
  required('io-priority.priority', 'It has a level from 0 to 7.', [
    'io-priority.classes',
    'io-priority.wrong',
  ]),
  optional('exec-cpu-affinity', 'execCPUAffinity is for processes that are added, not for the first.', [
    'exec-cpu-affinity.not-for-init',
    'exec-cpu-affinity.wrong',
  ]),
  optional(
    'exec-cpu-affinity.initial',
    'initial is where the runtime’s process is before it enters the cgroup.',
    ['exec-cpu-affinity.initial', 'exec-cpu-affinity.final'],
  ),
  optional('exec-cpu-affinity.final', 'final is where the process is afterwards.', 'exec-cpu-affinity.final'),
  shouldNot(
    'exec-cpu-affinity.no-final',
    'Without final the runtime leaves the affinity to the kernel.',
    'exec-cpu-affinity.initial',
  ),
]);
