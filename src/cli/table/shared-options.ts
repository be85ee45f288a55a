/** Options and arguments that several commands have. */
import type { OptionRow, PositionalRow } from './rows.ts';

export const id = {
  name: 'id',
  value: 'CONTAINER-ID',
  required: true,
  help: 'name of the container',
  complete: 'container',
} as const satisfies PositionalRow;

export const regex = {
  name: 'regex',
  alias: 'r',
  type: 'boolean',
  help: 'CONTAINER-ID is a regular expression: all containers whose names it matches',
} as const satisfies OptionRow;

export const newId = {
  name: 'id',
  value: 'CONTAINER-ID',
  required: true,
  help: 'name for the new container, unique under the root directory',
} as const satisfies PositionalRow;

export const format = {
  name: 'format',
  alias: 'f',
  type: 'string',
  value: 'FORMAT',
  default: 'table',
  choices: ['table', 'json'],
  help: 'print a table for people or JSON for programs',
} as const satisfies OptionRow;

export const bundle = {
  name: 'bundle',
  alias: 'b',
  type: 'string',
  value: 'DIR',
  default: '.',
  help: 'directory with config.json and, usually, the root filesystem',
  complete: 'directory',
} as const satisfies OptionRow;

export const config = {
  name: 'config',
  type: 'string',
  value: 'FILE',
  help: "another file than the bundle's config.json",
  complete: 'file',
} as const satisfies OptionRow;

export const consoleSocket = {
  name: 'console-socket',
  type: 'string',
  value: 'SOCKET',
  help: 'unix socket that is sent the master side of the new terminal',
  complete: 'file',
} as const satisfies OptionRow;

export const pidfdSocket = {
  name: 'pidfd-socket',
  type: 'string',
  value: 'SOCKET',
  help: 'unix socket that is sent a pidfd of the new process',
  complete: 'file',
} as const satisfies OptionRow;

export const pidFile = {
  name: 'pid-file',
  type: 'string',
  value: 'FILE',
  help: 'write the process id (as the host sees it) to this file',
  complete: 'file',
} as const satisfies OptionRow;

export const output = {
  name: 'output',
  type: 'string',
  value: 'FILE',
  help: "append the program's standard output and error to this file (default: they are the caller's, also with --detach)",
  complete: 'file',
} as const satisfies OptionRow;

export const preserveFds = {
  name: 'preserve-fds',
  type: 'number',
  value: 'COUNT',
  default: 0,
  help: 'hand on this many descriptors after the standard streams',
} as const satisfies OptionRow;

export const noPivot = {
  name: 'no-pivot',
  type: 'boolean',
  help: 'move the root mount instead of pivot_root, for a host that runs from a ramdisk; weaker',
} as const satisfies OptionRow;

export const noNewKeyring = {
  name: 'no-new-keyring',
  type: 'boolean',
  help: "share the caller's session keyring instead of joining a new one",
} as const satisfies OptionRow;

export const trace = {
  name: 'trace',
  type: 'string',
  value: 'FILE',
  help: 'write a timeline of the start in Trace Event format, for Perfetto',
  complete: 'file',
} as const satisfies OptionRow;

export const detach = {
  name: 'detach',
  alias: 'd',
  type: 'boolean',
  help: 'leave the process running in the background',
} as const satisfies OptionRow;
