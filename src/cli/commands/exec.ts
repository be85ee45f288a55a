import { MAXIMUM_BYTES, parseJson } from '../../bundle/json/parse-json.ts';
import type { ExecOptions } from '../../container/types.ts';
import { defined } from '../../defined.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import { capabilities } from '../convert/capabilities.ts';
import { cgroupPaths } from '../convert/cgroup.ts';
import { environment } from '../convert/environment.ts';
import { groups, user } from '../convert/user.ts';
import { command } from '../table/command.ts';
import type { OptionRow, Values } from '../table/rows.ts';
import {
  consoleSocket,
  detach,
  id,
  pidFile,
  pidfdSocket,
  preserveFds,
  trace,
} from '../table/shared-options.ts';

const options = [
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
] as const satisfies readonly OptionRow[];

type ExecValues = Values<typeof options>;

export const execCommand = command({
  name: 'exec',
  summary: 'run another program in a running container',
  description: [
    "The exit status is the program's, and 255 when it could not be run. Options stand before the command; the command's own " +
      'options are not looked at. With --process the command comes from a file.',
  ],
  examples: [
    { command: 'exec -t web1 sh', does: 'open a shell in web1' },
    { command: 'exec --user 1000:1000 -e LANG=C web1 ls -l /srv', does: 'run a command as another user' },
  ],
  habits: [
    [/^(?:i|interactive)$/, "Standard input is the program's without asking; --tty gives it a terminal."],
    [/^(?:w|workdir)$/, 'The working directory is given by --cwd.'],
  ],
  failureStatus: 255,
  handsOnStreams: true,
  options,
  positionals: [id],
  rest: { value: 'COMMAND [ARGUMENT…]', help: 'the program to run and its arguments', begins: 'word' },
  async handler({ arguments: { id }, values, rest, ...call }) {
    const { exec } = await import('../../container/exec.ts');
    const context = await call.context();
    const file = values.process;
    const process = file === undefined ? undefined : readProcess(context.host.native, file);
    const options = { ...execOptions(values, rest, process), relaysTerminal: true };
    const unused = file === undefined ? [] : optionsWithoutEffect(values);
    if (unused.length > 0) context.warn(`exec: ${unused.join(', ')} without effect beside --process`);
    const foreground = await exec(context, id, options);
    if (values.detach) return 0;
    const { supervise } = await import('../../container/supervise.ts');
    call.flush();
    return supervise(context, foreground, { environment: [] });
  },
});

/**
 * Options that describe a process, which a process file describes itself. --tty is none of them: conmon gives it
 * beside the file.
 */
const describing = [
  'cwd',
  'env',
  'user',
  'additional-gids',
  'process-label',
  'apparmor',
  'no-new-privs',
  'cap',
] as const satisfies readonly (keyof ExecValues)[];

/**
 * What `exec` tells the library. `process` is the parsed content of the `--process` file, undefined without one.
 *
 * Throws `Failure` `invalid` for values that do not read, and for a command beside a process file.
 */
export function execOptions(values: ExecValues, command: readonly string[], process: unknown): ExecOptions {
  const common = {
    detach: values.detach,
    preserveFds: values['preserve-fds'],
    ignorePaused: values['ignore-paused'],
    ...defined({
      consoleSocket: values['console-socket'],
      pidfdSocket: values['pidfd-socket'],
      pidFile: values['pid-file'],
      cgroup: values.cgroup.some((word) => word !== '') ? cgroupPaths(values.cgroup) : undefined,
    }),
  };
  if (process !== undefined) {
    if (command.length > 0) {
      throw new Failure('invalid', `exec: both --process and a command ("${command[0]}") are given`, {
        hint: 'The file of --process holds the command in "args"; leave one of the two out.',
      });
    }
    return { ...common, process, tty: false };
  }
  if (command.length === 0) {
    throw new Failure('invalid', 'exec: COMMAND is missing', {
      hint: 'Name the program after the container, as in "tsoci exec ID ls -l", or give a process file with --process.',
    });
  }
  return { ...common, args: command, tty: values.tty, ...describeProcess(values) };
}

function describeProcess(values: ExecValues) {
  return defined({
    cwd: values.cwd,
    env: values.env.length > 0 ? environment(values.env) : undefined,
    user: values.user === undefined ? undefined : user(values.user),
    additionalGids: values['additional-gids'].length > 0 ? groups(values['additional-gids']) : undefined,
    capabilities: values.cap.length > 0 ? capabilities(values.cap) : undefined,
    noNewPrivileges: values['no-new-privs'] || undefined,
    apparmorProfile: values.apparmor,
    selinuxLabel: values['process-label'],
  });
}

/** The options that a process file leaves without effect, as they were given. */
export function optionsWithoutEffect(values: ExecValues): string[] {
  return describing
    .filter((name) => {
      const value = values[name];
      return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    })
    .map((name) => `--${name}`);
}

function readProcess(native: Native, path: string): unknown {
  let content: Uint8Array;
  try {
    content = native.readFile(path, MAXIMUM_BYTES);
  } catch (cause) {
    throw new Failure('invalid', `read the process file "${path}": ${messageOf(cause)}`, { cause });
  }
  return parseJson(content, path);
}
