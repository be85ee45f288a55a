/** The door to C: processes. */
import type { NativeFunction } from './row.ts';

export const processes: readonly NativeFunction[] = [
  [
    'spawn',
    { options: 'value as SpawnOptions' },
    'number',
    'vfork + execveat with default signal dispositions and an empty mask. Throws when exec failed. Returns the pid.',
  ],
  [
    'execute',
    { options: 'value as SpawnOptions' },
    'never',
    'Replaces this process: signals reset, descriptors mapped as in `spawn`. Returns only by throwing.',
  ],
  [
    'processStat',
    { pid: 'int' },
    'string',
    'State and start time of /proc/PID/stat (proc_pid_stat(5), fields 3 and 22), `S 1677462`: to find them takes JavaScript 9 µs of `list` for each.',
  ],
  ['wait', { pid: 'value as number', noHang: 'bool' }, 'ExitStatus | undefined'],
  ['kill', { pid: 'int', signal: 'int' }, 'void'],
  ['pidfdOpen', { pid: 'int' }, 'number'],
  ['pidfdSend', { pidfd: 'int', signal: 'int' }, 'void'],
  [
    'eventDescriptor',
    {},
    'number',
    'An eventfd(2) that starts at 0 and does not block: what cgroup v1 tells of events through.',
  ],
  [
    'watchFiles',
    { paths: 'strings' },
    'number',
    'An inotify(7) descriptor, not blocking, that is readable when one of the files is changed or gone.',
  ],
  [
    'pollMany',
    { descriptors: 'descriptors', milliseconds: 'int' },
    'number[]',
    'poll(2) on several descriptors for input; milliseconds, -1 forever. Those that are readable (for a pidfd: ended) or broken.',
  ],
  [
    'pollManyAsync',
    { descriptors: 'descriptors', milliseconds: 'int' },
    'Promise<number[]>',
    'The same without blocking: one thread watches for all such calls that are under way. The descriptors have to stay open until then.',
  ],
  ['processId', {}, 'number'],
  ['userId', {}, 'number'],
  [
    'permittedCapabilities',
    {},
    'bigint',
    'The capabilities that this process can hand on: its permitted set within its bounding set, as a mask (capget(2)).',
  ],
  ['groupId', {}, 'number'],
  ['kernel', {}, '{ readonly release: string; readonly machine: string }', 'uname(2).'],
  ['umask', { mask: 'uint' }, 'number'],
  [
    'raiseOpenFiles',
    {},
    'void',
    "Raises the soft limit of open files (RLIMIT_NOFILE) of this process to the hard one; what it starts gets the caller's back. Engines like Node have raised it before we can look.",
  ],
];
