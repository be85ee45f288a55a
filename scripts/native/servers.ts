/** The door to C: servers. */
import type { NativeFunction } from './row.ts';

export const servers: readonly NativeFunction[] = [
  [
    'listenStream',
    { path: 'text' },
    'number',
    'Bound, listening AF_UNIX SOCK_STREAM socket that does not block; mode 0600. At most 107 bytes of path (unix(7)).',
  ],
  [
    'accept',
    { listening: 'int' },
    '{ readonly socket: number; readonly pid: number; readonly uid: number; readonly gid: number } | undefined',
    'The next connection of a listening socket, not blocking, and who is at its other end; undefined when nobody waits.',
  ],
  [
    'receiveSome',
    { socket: 'int' },
    'Uint8Array | undefined',
    'What is there of a stream socket, up to 16 KiB, without waiting: undefined for nothing yet, no bytes when the peer has closed.',
  ],
  [
    'sendSome',
    { socket: 'int', data: 'bytes as Uint8Array', offset: 'size' },
    'number',
    'How many of the bytes from `offset` on a stream socket took without waiting; 0 when it is full. Nobody gets SIGPIPE.',
  ],
  [
    'endSocket',
    { socket: 'int' },
    'void',
    'shutdown(2) in both directions: whoever waits for the socket sees its end.',
  ],
  [
    'becomeSubreaper',
    {},
    'void',
    'Orphans among our descendants become our children (PR_SET_CHILD_SUBREAPER).',
  ],
  [
    'startSession',
    {},
    'void',
    'A session of our own (setsid); of no effect for one that leads its process group.',
  ],
  ['shareCore', {}, 'void', 'Processes of this process group share cores with nobody else (PR_SCHED_CORE).'],
  ['parentId', {}, 'number'],
  ['ignoreSignal', { signal: 'int' }, 'void'],
  [
    'signalDescriptor',
    { signals: 'descriptors' },
    'number',
    'Blocks the signals; a signalfd(2), not blocking, from which they are read: 128 bytes each, the number in the first four.',
  ],
  ['replaceDescriptor', { from: 'int', to: 'int' }, 'void', 'dup2(2); what we start gets `to` as well.'],
  [
    'keepFromChildren',
    { descriptor: 'int' },
    'void',
    'Close-on-exec and not blocking, for a descriptor that our caller passed.',
  ],
  [
    'reapOthers',
    { own: 'descriptors' },
    'number',
    'Reaps children of the main thread that have ended, without those that somebody here waits for: how many.',
  ],
  [
    'pidfdExit',
    { pidfd: 'int' },
    '{ readonly code: number | undefined; readonly signal: number | undefined } | undefined',
    'How a process that is not our child has ended (PIDFD_GET_INFO); undefined while it lives or nobody has reaped it, and before Linux 6.15.',
  ],
];
