import { must, optional, required, section } from '../support/clause.ts';

const kinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
type Kind = (typeof kinds)[number];

const isInside = (kind: Kind): boolean => kind === 'createContainer' || kind === 'startContainer';
const namespaceOf = (kind: Kind): string => (isInside(kind) ? 'the container’s' : 'the runtime’s');
const ownerOf = (kind: Kind): string => (kind === 'startContainer' ? 'the container’s' : 'the runtime’s');

/** The two clauses that the section of each kind repeats. */
const repeated = (kind: Kind) => [
  must(`${kind}.path`, `The program of a ${kind} hook is ${ownerOf(kind)}.`, `hooks.${kind}-path`),
  must(
    `${kind}.namespace`,
    `A ${kind} hook runs in ${namespaceOf(kind)} namespaces.`,
    `hooks.${kind}-namespaces`,
  ),
];

/** What an entry of prestart and of createRuntime has; the others refer to it. */
const entry = (kind: Kind) => [
  required(`hooks.${kind}.path-required`, `A ${kind} hook has a path.`, [
    'hooks.no-path',
    `hooks.${kind}-path`,
  ]),
  must(
    `hooks.${kind}.path-absolute`,
    `The path of a ${kind} hook is absolute.`,
    `hooks.${kind}-relative-path`,
  ),
  optional(`hooks.${kind}.args`, `args of a ${kind} hook are its arguments.`, `hooks.${kind}-path`),
  optional(`hooks.${kind}.env`, `env of a ${kind} hook is its environment.`, 'hooks.env'),
  optional(
    `hooks.${kind}.timeout`,
    `After timeout seconds a ${kind} hook is ended.`,
    `hooks.${kind}-timeout`,
  ),
  must(
    `hooks.${kind}.timeout-positive`,
    `The timeout of a ${kind} hook is more than 0.`,
    `hooks.${kind}-zero-timeout`,
  ),
];

export const hookClauses = [
  ...section('config.md#configHooks', [
    optional('hooks', 'hooks may be there.', 'hooks.sequence'),
    ...kinds.flatMap((kind) => [
      optional(`hooks.${kind}`, `${kind} is a list of hooks.`, `hooks.${kind}-order`),
      ...(kind === 'prestart' || kind === 'createRuntime' ? entry(kind) : []),
      must(
        `hooks.${kind}.resolves`,
        `The path of a ${kind} hook is looked up in ${ownerOf(kind)} namespace.`,
        `hooks.${kind}-path`,
      ),
      must(
        `hooks.${kind}.namespace`,
        `A ${kind} hook runs in ${namespaceOf(kind)} namespaces.`,
        `hooks.${kind}-namespaces`,
      ),
    ]),
    must(
      'hooks.order',
      'Hooks of a kind run in their order.',
      kinds.map((kind) => `hooks.${kind}-order`),
    ),
    must(
      'hooks.state',
      'A hook reads the container’s state from standard input.',
      kinds.map((kind) => `hooks.${kind}-state`),
    ),
    // What the entries of the later kinds share with those of createRuntime, by reference.
    ...(['createContainer', 'startContainer', 'poststart', 'poststop'] as const).flatMap((kind) =>
      entry(kind).map((clause) => ({ ...clause, times: 0 })),
    ),
  ]),

  ...section('config.md#configHooksPrestart', [
    must(
      'prestart.when',
      'prestart hooks run during create, when the environment is there and before the root is changed.',
      ['hooks.sequence', 'hooks.environment-exists', 'hooks.before-pivot'],
    ),
    must('prestart.before-createRuntime', 'They run before createRuntime hooks.', 'hooks.sequence'),
    ...repeated('prestart'),
  ]),
  ...section('config.md#configHooksCreateRuntime', [
    must(
      'createRuntime.when',
      'createRuntime hooks run during create, when the environment is there and before the root is changed.',
      ['hooks.sequence', 'hooks.environment-exists', 'hooks.before-pivot'],
    ),
    ...repeated('createRuntime'),
  ]),
  ...section('config.md#configHooksCreateContainer', [
    must(
      'createContainer.when',
      'createContainer hooks run during create, when the mounts are there and before the root is changed.',
      ['hooks.sequence', 'hooks.createContainer-sees-mounts', 'hooks.before-pivot'],
    ),
    must('createContainer.after-createRuntime', 'They run after createRuntime hooks.', 'hooks.sequence'),
    ...repeated('createContainer'),
  ]),
  ...section('config.md#configHooksStartContainer', [
    must(
      'startContainer.when',
      'startContainer hooks run during start, before the program.',
      'hooks.sequence',
    ),
    ...repeated('startContainer'),
  ]),
  ...section('config.md#configHooksPoststart', [
    must('poststart.when', 'poststart hooks run after the program is executed and before start returns.', [
      'hooks.sequence',
      'hooks.poststart-before-return',
      'hooks.poststart-state',
    ]),
    ...repeated('poststart'),
  ]),
  ...section('config.md#configHooksPoststop', [
    must(
      'poststop.when',
      'poststop hooks run when the container is deleted and before delete returns.',
      'hooks.poststop-after-delete',
    ),
    ...repeated('poststop'),
  ]),
];
