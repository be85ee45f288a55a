/** The door to C: sockets, terminals. */
import type { NativeFunction } from './row.ts';

export const sockets: readonly NativeFunction[] = [
  ['socketPair', {}, '[number, number]', 'A pair of connected AF_UNIX SOCK_SEQPACKET sockets.'],
  ['pipe', {}, '[number, number]', 'pipe(2): the end to read from, and the one to write to.'],
  [
    'listen',
    { path: 'text' },
    'number',
    "Bound, listening AF_UNIX SOCK_SEQPACKET socket. Any path length (goes through the directory's descriptor). Mode 0600.",
  ],
  [
    'connect',
    { path: 'text', kind: "text as 'seqpacket' | 'stream'" },
    'number',
    'Connected AF_UNIX socket of the kind. ETIMEDOUT after ten seconds in which nobody accepts those who came before.',
  ],
  [
    'tryConnect',
    { path: 'text', kind: "text as 'seqpacket' | 'stream' | 'datagram'" },
    'number | undefined',
    'The same at once: undefined where too many wait already to be accepted. Writing a datagram does not wait either: EAGAIN.',
  ],
  [
    'bindDatagram',
    { path: 'text', mode: 'uint' },
    'number',
    'Bound AF_UNIX SOCK_DGRAM socket whose file has this mode, whatever the umask. Reading does not wait (EAGAIN), and where the kernel has SO_PASSRIGHTS (Linux 6.16) no descriptor comes along.',
  ],
  [
    'connectAbstract',
    { name: 'bytes' },
    'number',
    'AF_UNIX SOCK_DGRAM socket connected to an abstract name (unix(7)), given without its NUL. Writing does not wait (EAGAIN).',
  ],
  ['send', { socket: 'int', data: 'bytes as Uint8Array', descriptors: 'descriptors' }, 'void'],
  [
    'receive',
    { socket: 'int', milliseconds: 'int' },
    'Packet',
    'Blocks at most `milliseconds` (-1 forever; ETIMEDOUT after that). Datagrams up to 64 KiB.',
  ],
  [
    'routeSocket',
    { pid: 'int' },
    'number',
    "A netlink(7) route socket in the network namespace of process `pid`, or in our own for 0. Requests are written to it and answers read from it like a file's.",
  ],
  ['isTerminal', { descriptor: 'int' }, 'boolean'],
  ['windowSize', { descriptor: 'int' }, '{ readonly rows: number; readonly columns: number }'],
  [
    'setWindowSize',
    { descriptor: 'int', rows: 'int', columns: 'int' },
    'void',
    "Tells a terminal its size, in characters; whoever runs on it gets SIGWINCH when it is another. Given the master's or the other side.",
  ],
];
