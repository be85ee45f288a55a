import type { ExecOptions } from '../container/types.ts';
import { Failure } from '../failure.ts';
import { capabilities } from './convert/capabilities.ts';
import { cgroupPaths } from './convert/cgroup.ts';
import { environment } from './convert/environment.ts';
import { groups, user } from './convert/user.ts';
import type { execShape } from './options.ts';
import { present } from './present.ts';
import type { Values } from './table.ts';

type ExecValues = Values<typeof execShape.options>;

/** Options that describe a process, which a process file describes itself. --tty is none of them: conmon gives it beside the file. */
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
    ...present({
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
  return present({
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
