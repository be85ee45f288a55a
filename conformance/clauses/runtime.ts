import { because, must, mustNot, optional, required, section } from '../support/clause.ts';

const createHooks = ['prestart', 'createRuntime', 'createContainer'];

/** One clause each for running hooks of a kind, for the error when one fails. */
const hookSteps = [
  ...createHooks.flatMap((kind) => [
    must(`lifecycle.${kind}-invoked`, `${kind} hooks are run.`, ['hooks.sequence', `hooks.${kind}-state`]),
    must(
      `lifecycle.${kind}-failure`,
      `A ${kind} hook that fails is an error, and the container goes.`,
      `hooks.${kind}-fails`,
    ),
  ]),
  must('lifecycle.startContainer-invoked', 'startContainer hooks are run.', [
    'hooks.sequence',
    'hooks.startContainer-state',
  ]),
  must(
    'lifecycle.startContainer-failure',
    'A startContainer hook that fails is an error, and the container stops.',
    'hooks.startContainer-fails',
  ),
  must('lifecycle.poststart-invoked', 'poststart hooks are run.', [
    'hooks.sequence',
    'hooks.poststart-state',
  ]),
  must(
    'lifecycle.poststart-failure',
    'A poststart hook that fails is an error, and the container stops.',
    'hooks.poststart-fails',
  ),
  must('lifecycle.poststop-invoked', 'poststop hooks are run.', ['hooks.sequence', 'hooks.poststop-state']),
  must(
    'lifecycle.poststop-failure',
    'A poststop hook that fails is only warned about; the others run.',
    'hooks.poststop-fails',
  ),
];

export const runtimeClauses = [
  ...section('runtime.md#runtimeScopeContainer', [
    must('scope.operations', 'Who created a container can use every operation on it.', 'lifecycle.whole'),
  ]),

  ...section('runtime.md#runtimeState', [
    required('state.version', 'State has the version of the specification.', [
      'state.created',
      'state.running',
      'state.stopped',
    ]),
    required('state.id', 'State has the container’s id.', [
      'state.created',
      'state.running',
      'state.stopped',
    ]),
    must('state.id-unique', 'No two containers have one id.', 'create.used-id'),
    required('state.status', 'State has the status.', [
      'state.created',
      'state.running',
      'state.stopped',
      'lifecycle.whole',
    ]),
    must(
      'state.own-status',
      'A status of the runtime’s own means something that the four do not.',
      because('A runtime need not have any, and what its own words mean is for its manual to say.'),
    ),
    required('state.pid', 'State has the pid when the container is created or running on Linux.', [
      'state.created',
      'state.running',
    ]),
    optional(
      'state.pid-elsewhere',
      'On other platforms the pid may be missing.',
      because('Another platform.'),
    ),
    required('state.bundle', 'State has the absolute path of the bundle.', [
      'state.created',
      'state.stopped',
      'state.bundle-absolute',
    ]),
    optional('state.annotations', 'State has the config’s annotations, if there are any.', [
      'state.annotations',
      'state.no-annotations',
    ]),
    must('state.schema', 'The JSON fits the schema of a state.', [
      'state.created',
      'state.running',
      'state.stopped',
      'hooks.createRuntime-state',
    ]),
  ]),

  ...section('runtime.md#runtimeLifecycle', [
    must('lifecycle.environment', 'create makes the environment that the config describes.', [
      'create.environment',
      'lifecycle.whole',
    ]),
    must(
      'lifecycle.environment-error',
      'An environment that cannot be made is an error.',
      'create.impossible',
    ),
    must('lifecycle.resources', 'create makes the resources that the config asks for.', [
      'resources.pids.limit',
      'create.environment',
    ]),
    mustNot('lifecycle.not-yet', 'create does not run the program.', 'create.not-run'),
    mustNot(
      'lifecycle.config-later',
      'What becomes of config.json after create does not matter.',
      'create.config-later',
    ),
    ...hookSteps,
    must('lifecycle.program', 'start runs the program of the config.', 'start.runs'),
    must('lifecycle.undone', 'delete undoes what create did.', ['delete.resources', 'lifecycle.whole']),
  ]),

  ...section('runtime.md#runtimeErrors', [
    must('errors.unchanged', 'An operation that fails leaves everything as it was.', [
      'create.impossible-leaves-nothing',
      'create.used-id',
      'net-devices.name-taken',
    ]),
  ]),
  ...section('runtime.md#runtimeWarnings', [
    must('warnings.go-on', 'An operation that warns goes on.', [
      'capabilities.unknown',
      'hooks.poststop-fails',
    ]),
  ]),
  ...section('runtime.md#runtimeOperations', [
    must('operations.all', 'All operations exist.', 'lifecycle.whole'),
  ]),

  ...section('runtime.md#runtimeQueryState', [
    must('query.no-id', 'state without an id is an error.', 'state.no-id'),
    must('query.unknown', 'state of a container that is not there is an error.', 'state.unknown-id'),
    must('query.answer', 'state gives the state.', ['state.created', 'state.running', 'state.other-callers']),
  ]),

  ...section('runtime.md#runtimeCreate', [
    must('create.arguments', 'create without bundle and id is an error.', 'create.no-arguments'),
    must('create.bad-id', 'An id that is in use or not valid is an error.', [
      'create.used-id',
      'create.invalid-id',
    ]),
    mustNot('create.bad-id-nothing', 'With such an id no container is created.', 'create.used-id'),
    must('create.creates', 'create creates a container.', 'state.created'),
    must('create.applies', 'create applies all properties but process.', [
      'create.environment',
      'hostname',
      'resources.pids.limit',
    ]),
    mustNot('create.args-later', 'process.args wait for start.', 'create.not-run'),
    must('create.unappliable', 'A property that cannot be applied is an error.', [
      'create.impossible',
      'sysctl.refused-by-the-kernel',
      'masked-paths.without-mount-namespace',
    ]),
    mustNot('create.unappliable-nothing', 'Then no container is created.', [
      'create.impossible',
      'create.impossible-leaves-nothing',
    ]),
  ]),

  ...section('runtime.md#runtimeStart', [
    must('start.id', 'start without an id is an error.', 'start.no-id'),
    must('start.only-created', 'start of a container that is not created has no effect on it.', [
      'start.running',
      'start.stopped',
    ]),
    must('start.only-created-error', 'start of a container that is not created is an error.', [
      'start.running',
      'start.stopped',
    ]),
    must('start.program', 'start runs the program of the config.', 'start.runs'),
    must('start.no-process', 'start of a container without a process is an error.', 'start.no-process'),
  ]),

  ...section('runtime.md#runtimeKill', [
    must('kill.id', 'kill without an id is an error.', 'kill.no-id'),
    must(
      'kill.only-live',
      'kill of a container that is neither created nor running has no effect on it.',
      'kill.stopped',
    ),
    must(
      'kill.only-live-error',
      'kill of a container that is neither created nor running is an error.',
      'kill.stopped',
    ),
    must('kill.sends', 'kill sends the signal to the container’s process.', [
      'kill.signals',
      'kill.only-init',
      'kill.created',
    ]),
  ]),

  ...section('runtime.md#runtimeDelete', [
    must('delete.id', 'delete without an id is an error.', 'delete.no-id'),
    must('delete.only-stopped', 'delete of a container that is not stopped has no effect on it.', [
      'delete.running',
      'delete.created',
    ]),
    must('delete.only-stopped-error', 'delete of a container that is not stopped is an error.', [
      'delete.running',
      'delete.created',
    ]),
    must('delete.resources', 'delete deletes what create made.', [
      'delete.resources',
      'delete.id-again',
      'lifecycle.exits-by-itself',
    ]),
    mustNot('delete.others', 'delete leaves what others made.', 'delete.others'),
  ]),

  ...section('runtime-linux.md#runtimeLinuxDevSymbolicLinks', [
    must('links.dev', '/dev/fd, stdin, stdout and stderr lead to /proc/self/fd.', [
      'devices.links',
      'devices.own-dev-kept',
    ]),
  ]),
  ...section('runtime-linux.md#runtimeLinuxFileDescriptors', [
    optional(
      'descriptors.standard',
      'Only the standard streams are open.',
      ['process.only-standard-streams'],
      0,
    ),
  ]),
];
