/**
 * Options and arguments of the commands (others: checkpoint-shapes.ts, resource-shapes.ts), and the global ones. The words are runc's, because engines and
 * scripts use them; the sentences are ours.
 */
import {
  bundle,
  consoleSocket,
  detach,
  format,
  id,
  newId,
  noNewKeyring,
  noPivot,
  output,
  pidFile,
  pidfdSocket,
  preserveFds,
  trace,
} from './shared-options.ts';
import type { CommandShape, OptionRow, Values } from './table.ts';

export const globalOptions = [
  {
    name: 'root',
    type: 'string',
    value: 'DIR',
    help: 'directory for the state of containers (/run/tsoci, or $XDG_RUNTIME_DIR/tsoci for an ordinary user)',
    complete: 'directory',
  },
  { name: 'log', type: 'string', value: 'FILE', help: 'append log lines to this file', complete: 'file' },
  {
    name: 'log-format',
    type: 'string',
    value: 'FORMAT',
    default: 'text',
    choices: ['text', 'json'],
    help: 'format of log lines',
  },
  { name: 'debug', type: 'boolean', help: 'log what is done and how long it takes' },
  {
    name: 'systemd-cgroup',
    type: 'boolean',
    help: 'let systemd make the cgroup; cgroupsPath has the form slice:prefix:name',
  },
  {
    name: 'rootless',
    type: 'string',
    value: 'WHEN',
    default: 'auto',
    choices: ['true', 'false', 'auto'],
    help: 'go on without cgroups where permission is missing',
  },
  {
    name: 'criu',
    type: 'string',
    value: 'PATH',
    help: 'CRIU, for checkpoint and restore (default: criu in the usual directories)',
    complete: 'file',
  },
  { name: 'version', alias: 'v', type: 'boolean', help: 'print the version' },
  { name: 'help', alias: 'h', type: 'boolean', help: 'explain the program or a command' },
] as const satisfies readonly OptionRow[];

/** Values of the global options. */
export type Globals = Values<typeof globalOptions>;

/** Every command's own `--help`. */
export const helpOption = {
  name: 'help',
  alias: 'h',
  type: 'boolean',
  help: 'explain this command',
} as const satisfies OptionRow;

const createOptions = [
  bundle,
  consoleSocket,
  pidfdSocket,
  pidFile,
  output,
  noPivot,
  noNewKeyring,
  preserveFds,
  trace,
] as const;

export const createShape = { options: createOptions, positionals: [newId] } as const satisfies CommandShape;

export const runShape = {
  options: [
    ...createOptions,
    detach,
    { name: 'keep', type: 'boolean', help: 'keep the stopped container instead of deleting it' },
    { name: 'no-subreaper', type: 'boolean', help: 'accepted and without effect', hidden: true },
  ],
  positionals: [newId],
} as const satisfies CommandShape;

export const execShape = {
  options: [
    consoleSocket,
    pidfdSocket,
    { name: 'cwd', type: 'string', value: 'DIR', help: 'working directory inside the container' },
    {
      name: 'env',
      alias: 'e',
      type: 'strings',
      value: 'NAME=VALUE',
      help: 'set a variable of the environment',
    },
    { name: 'tty', alias: 't', type: 'boolean', help: 'give the process a terminal' },
    {
      name: 'user',
      alias: 'u',
      type: 'string',
      value: 'UID[:GID]',
      help: 'numeric user and group of the process',
    },
    { name: 'additional-gids', alias: 'g', type: 'strings', value: 'GID', help: 'add a supplementary group' },
    {
      name: 'process',
      alias: 'p',
      type: 'string',
      value: 'FILE',
      help: 'read the whole process object from this JSON file',
      complete: 'file',
    },
    detach,
    pidFile,
    { name: 'process-label', type: 'string', value: 'LABEL', help: 'SELinux label of the process' },
    { name: 'apparmor', type: 'string', value: 'PROFILE', help: 'AppArmor profile of the process' },
    { name: 'no-new-privs', type: 'boolean', help: 'never let the process gain privileges by execve' },
    {
      name: 'cap',
      alias: 'c',
      type: 'strings',
      value: 'CAPABILITY',
      help: "add a capability to the process's sets",
      complete: 'capability',
    },
    preserveFds,
    {
      name: 'cgroup',
      type: 'strings',
      value: '[CONTROLLER:]PATH',
      help: "run in an existing cgroup below the container's",
    },
    {
      name: 'ignore-paused',
      type: 'boolean',
      help: 'enter a paused container and wait there until it is resumed',
    },
    trace,
  ],
  positionals: [id],
  rest: { value: 'COMMAND [ARGUMENT…]', help: 'the program to run and its arguments', begins: 'word' },
} as const satisfies CommandShape;

/** Commands that take a container's id and nothing else: start, state, pause, resume. */
export const idShape = { options: [], positionals: [id] } as const satisfies CommandShape;

export const listShape = {
  options: [format, { name: 'quiet', alias: 'q', type: 'boolean', help: 'print ids only' }],
  positionals: [],
} as const satisfies CommandShape;

export const killShape = {
  options: [{ name: 'all', alias: 'a', type: 'boolean', help: 'signal every process of the container' }],
  positionals: [
    id,
    {
      name: 'signal',
      value: 'SIGNAL',
      required: false,
      help: 'name (TERM, SIGTERM, any case) or number; TERM unless given',
      complete: 'signal',
    },
  ],
} as const satisfies CommandShape;

export const deleteShape = {
  options: [
    {
      name: 'force',
      alias: 'f',
      type: 'boolean',
      help: 'kill it first where it still runs; fine when it is gone already',
    },
    {
      name: 'ended',
      type: 'boolean',
      help: 'its program has ended in the foreground: tell when that was for want of memory',
      hidden: true,
    },
  ],
  positionals: [id],
  rest: {
    value: 'CONTAINER-ID…',
    help: 'more containers to delete',
    begins: 'anywhere',
    complete: 'container',
  },
} as const satisfies CommandShape;

export const psShape = {
  options: [format],
  positionals: [id],
  rest: { value: 'PS-OPTION…', help: "options of the host's ps (default: -ef)", begins: 'at-once' },
} as const satisfies CommandShape;

export const specShape = {
  options: [
    bundle,
    { name: 'rootless', type: 'boolean', help: 'write a config that an ordinary user can run' },
    {
      name: 'no-terminal',
      type: 'boolean',
      help: 'write one without a terminal, for scripts and for run --detach',
    },
  ],
  positionals: [],
} as const satisfies CommandShape;

export const rootfsShape = {
  options: [],
  positionals: [
    {
      name: 'source',
      value: 'SOURCE',
      required: true,
      help: 'busybox, an archive (tar), or a directory',
      complete: 'file',
    },
    {
      name: 'destination',
      value: 'DIR',
      required: false,
      help: 'where to, not there or empty (default: rootfs)',
      complete: 'directory',
    },
  ],
} as const satisfies CommandShape;

export const planShape = {
  options: [
    bundle,
    format,
    { name: 'json', type: 'boolean', help: 'the same as --format json' },
    { name: 'wide', type: 'boolean', help: 'cut nothing to the width of the terminal, and fold no rows' },
    { ...consoleSocket, help: 'plan for a terminal that is handed to this socket' },
    noPivot,
    noNewKeyring,
    preserveFds,
  ],
  positionals: [{ ...newId, required: false, help: 'name that the container would get (default: plan)' }],
} as const satisfies CommandShape;

export const completionShape = {
  options: [],
  positionals: [
    { name: 'shell', value: 'SHELL', required: true, help: 'bash or zsh', choices: ['bash', 'zsh'] },
  ],
} as const satisfies CommandShape;

export const helpShape = {
  options: [],
  positionals: [
    {
      name: 'command',
      value: 'COMMAND',
      required: false,
      help: 'the command to explain',
      complete: 'command',
    },
  ],
} as const satisfies CommandShape;

/** Commands without options and arguments: features, version. */
export const plainShape = { options: [], positionals: [] } as const satisfies CommandShape;
