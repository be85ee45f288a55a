/** The door to C: rare. */
import type { NativeFunction } from './row.ts';

export const rare: readonly NativeFunction[] = [
  [
    'loadDeviceProgram',
    { instructions: 'bytes as Uint8Array' },
    'number',
    'bpf(2) BPF_PROG_LOAD of type CGROUP_DEVICE from 8-byte instructions; a descriptor.',
  ],
  [
    'attachDeviceProgram',
    { cgroup: 'int', program: 'int', replace: 'int' },
    'void',
    "bpf(2) BPF_PROG_ATTACH to a cgroup directory's descriptor with BPF_F_ALLOW_MULTI, or replacing an attached one.",
  ],
  [
    'attachedDevicePrograms',
    { cgroup: 'int' },
    'number[]',
    'Descriptors of the device programs attached to a cgroup.',
  ],
  [
    'knowsFilterFlags',
    { bits: 'uint' },
    'boolean',
    'The running kernel knows these SECCOMP_FILTER_FLAG_* bits. Nothing is loaded: seccomp(2) says EFAULT for a program that is not there when the flags have passed.',
  ],
  ['detachDeviceProgram', { cgroup: 'int', program: 'int' }, 'void'],
  [
    'sleep',
    { milliseconds: 'value as number' },
    'void',
    'Blocks the whole process for some milliseconds and fractions of them.',
  ],
  ['monotonic', {}, 'bigint', 'CLOCK_MONOTONIC in nanoseconds, the clock that the stub stamps with.'],
  [
    'hash',
    { data: 'bytes' },
    'bigint',
    '64 bits (FNV-1a over eight bytes at a time) that find files and show damage. Not cryptographic: equal hashes prove nothing.',
  ],
  [
    'encodeInto',
    { text: 'value as string', target: 'bytes as Uint8Array', offset: 'size' },
    'number',
    'Writes a text as UTF-8 to a place in an array: the bytes that it took, or -1 where it has a NUL, or where fewer than five more would be left.',
  ],
];
