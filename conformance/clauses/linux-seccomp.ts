import { must, mustNot, optional, required, section } from '../support/clause.ts';

const actionTests = ['ALLOW', 'ERRNO', 'KILL', 'KILL_THREAD', 'KILL_PROCESS', 'TRAP', 'LOG', 'TRACE'].map(
  (name) => `seccomp.action.SCMP_ACT_${name}`,
);
const operatorTests = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map(
  (name) => `seccomp.operator.SCMP_CMP_${name}`,
);
const flagTests = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map(
  (name) => `seccomp.flag.SECCOMP_FILTER_FLAG_${name}`,
);
const architectureTests = [
  'seccomp.architectures',
  'seccomp.architectures-same-byte-order',
  'seccomp.architectures-other-byte-order',
  'seccomp.architectures-newest',
];

export const linuxSeccompClauses = [
  ...section('config-linux.md#configLinuxSeccomp', [
    optional('seccomp', 'seccomp filters system calls.', [
      'seccomp.filter-loaded',
      'seccomp.without-no-new-privileges',
    ]),
    required('seccomp.default-action', 'It has a default action.', [
      'seccomp.default-action',
      'seccomp.required-fields',
    ]),
    optional(
      'seccomp.default-errno',
      'defaultErrnoRet is the errno of the default action.',
      'seccomp.default-errno',
    ),
    must(
      'seccomp.default-errno-unsupported',
      'An action without errno that is given one is an error.',
      'seccomp.errno-not-supported',
    ),
    optional('seccomp.architectures', 'architectures are those that the filter is for.', [
      ...architectureTests,
      'seccomp.unknown-values',
    ]),
    optional('seccomp.flags', 'flags are those of seccomp(2).', [...flagTests, 'seccomp.unknown-values']),
    optional('seccomp.listener', 'listenerPath is where the agent of SCMP_ACT_NOTIFY listens.', [
      'seccomp.notify',
      'seccomp.listener-without-notify',
    ]),
    must('seccomp.listener-type', 'It is a stream socket of AF_UNIX.', 'seccomp.notify'),
    must('seccomp.one-state', 'Each connection gets one state.', 'seccomp.agent-descriptor'),
    mustNot('seccomp.no-reuse', 'A connection is not used again.', 'seccomp.agent-descriptor'),
    must('seccomp.closed', 'It is closed after the state.', 'seccomp.agent-descriptor'),
    must('seccomp.listener-error', 'An agent that cannot be reached is an error.', 'seccomp.agent-missing'),
    required('seccomp.descriptor', 'The filter’s descriptor is sent, under the name seccompFd.', [
      'seccomp.agent-descriptor',
      'seccomp.agent-state',
    ]),
    optional('seccomp.metadata', 'listenerMetadata is for the agent.', 'seccomp.agent-state'),
    mustNot(
      'seccomp.metadata-alone',
      'It is not given without listenerPath.',
      'seccomp.metadata-without-listener',
    ),
    optional('seccomp.syscalls', 'syscalls are the rules.', [
      'seccomp.default-action',
      'seccomp.argument-combination',
    ]),
    optional('seccomp.syscalls-usual', 'There may be none.', 'seccomp.default-action'),
    required('seccomp.names', 'A rule has names.', 'seccomp.required-fields'),
    must('seccomp.names-some', 'At least one.', 'seccomp.names-empty'),
    required('seccomp.action', 'A rule has an action.', [
      ...actionTests,
      'seccomp.notify',
      'seccomp.required-fields',
      'seccomp.unknown-values',
    ]),
    optional('seccomp.errno', 'errnoRet is the errno of an action.', 'seccomp.errno'),
    must(
      'seccomp.errno-unsupported',
      'An action without errno that is given one is an error.',
      'seccomp.errno-not-supported',
    ),
    optional('seccomp.args', 'args are conditions on arguments.', operatorTests),
    required('seccomp.arg-index', 'A condition has an index.', [
      'seccomp.required-fields',
      'seccomp.unknown-values',
    ]),
    required('seccomp.arg-value', 'A condition has a value.', ['seccomp.required-fields', ...operatorTests]),
    optional(
      'seccomp.arg-value-two',
      'valueTwo is the second value of a masked comparison.',
      'seccomp.operator.SCMP_CMP_MASKED_EQ',
    ),
    required('seccomp.arg-op', 'A condition has an operator.', ['seccomp.required-fields', ...operatorTests]),
  ]),

  ...section('config-linux.md#containerprocessstate', [
    must('seccomp.state-payload', 'The state is sent as JSON over the socket.', 'seccomp.agent-state'),
    must('seccomp.state-rights', 'Descriptors are sent by SCM_RIGHTS.', 'seccomp.agent-descriptor'),
    must('seccomp.state-first', 'They come with the first message.', 'seccomp.agent-descriptor'),
    required(
      'seccomp.state-version',
      'The state has the version of the specification.',
      'seccomp.agent-state',
    ),
    optional('seccomp.state-fds', 'fds names the descriptors in their order.', 'seccomp.agent-state'),
    required(
      'seccomp.state-pid',
      'pid is the container’s process, as the runtime numbers it.',
      'seccomp.agent-state',
    ),
    optional('seccomp.state-metadata', 'metadata is the config’s.', [
      'seccomp.agent-state',
      'seccomp.agent-metadata-absent',
    ]),
    required('seccomp.state-state', 'state is the container’s state.', 'seccomp.agent-state'),
  ]),
];
