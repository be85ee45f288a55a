/** The door to C: streams of processes (csrc/addon/shim). */
import type { NativeFunction } from './row.ts';

export const streams: readonly NativeFunction[] = [
  [
    'widenPipe',
    { descriptor: 'int', bytes: 'int' },
    'number',
    'Gives a pipe room for so many bytes, or as near as this user may; the room that it has then.',
  ],
  ['duplicate', { descriptor: 'int' }, 'number', 'The same open file under another number.'],
  ['unread', { descriptor: 'int' }, 'number', 'Bytes in a pipe that nobody has read yet (FIONREAD).'],
  [
    'copyStart',
    { source: 'int', destination: 'int', kind: 'uint' },
    '{ readonly number: number; readonly ended: Promise<CopyReport> }',
    `Moves what comes out of one descriptor into another in a thread of its own, one for all such copies. Both belong to it from here on, and are closed at the end; on failure they stay the caller's. Both become non-blocking. What the destination refuses is dropped and counted. A fifo that is open for reading and writing is the client's: it stays open until all in it was read.
@param destination -1 throws away what comes
@param kind 1: the destination is the process's, and its failure ends the copy`,
  ],
  [
    'copySay',
    { number: 'uint', word: 'uint' },
    'void',
    'Tells a copy, by its number: 1 the process has ended (a terminal without its other side stays so); 2 nobody who is not there is waited for; 3 stop. Of no effect when it is over.',
  ],
  [
    'mountAsync',
    { request: 'value as MountRequest' },
    'Promise<void>',
    "Mounts, in a thread of its own. Rejects with `SystemError`, whose `path` says what was done to what, and the kernel's own words where it has some.",
  ],
  [
    'unmountAsync',
    { path: 'text', flags: 'uint' },
    'Promise<void>',
    'umount2(2) likewise, until nothing is mounted there. Rejects with EINVAL when nothing was.',
  ],
  [
    'openAsync',
    { path: 'text', flags: 'int', mode: 'uint' },
    'Promise<number>',
    'open(2) in a thread of its own, for what may be on a disk that hangs. The path is absolute. Rejects with `SystemError`.',
  ],
  ['makeDirectoryAsync', { path: 'text', mode: 'uint' }, 'Promise<void>', 'mkdir(2) likewise.'],
];
