/**
 * The options that stand before every command, and the one behind it. The words are runc's, because engines and
 * scripts use them; the sentences are ours.
 */
import { levels } from '../log-target.ts';
import type { OptionRow, Values } from './rows.ts';

export const globalOptions = [
  {
    name: 'root',
    type: 'string',
    value: 'DIR',
    help: 'directory for the state of containers (/run/tsoci, or $XDG_RUNTIME_DIR/tsoci for an ordinary user)',
    complete: 'directory',
  },
  {
    name: 'log',
    type: 'string',
    value: 'FILE',
    help: 'append log lines to this file; or send them to journald:NAME or syslog:NAME',
    complete: 'file',
  },
  {
    name: 'log-level',
    type: 'string',
    value: 'LEVEL',
    choices: levels,
    help: 'least important lines that are told (info); debug is the same as --debug',
  },
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
    name: 'cgroup-manager',
    type: 'string',
    value: 'MANAGER',
    choices: ['cgroupfs', 'systemd', 'disabled'],
    help: 'who makes the cgroup: tsoci (cgroupfs), systemd (as --systemd-cgroup), or nobody: the container stays in that of the caller',
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
