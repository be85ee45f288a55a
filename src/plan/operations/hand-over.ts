/** The hand-over to the program. */
import type { OperationRow } from './row.ts';

export const handOverOperations = {
  finish: { does: 'report that all is done, wait until the parent has recorded it, and end', fields: {} },
  ready: { does: 'report ready and wait until the parent has recorded it', fields: {} },
  'await-start': { does: 'wait for start', fields: { socket: 'slot' } },
  'no-new-privileges': { does: 'never gain privileges by execve', fields: {} },
  seccomp: {
    does: 'load the system call filter',
    fields: { flags: 'u32', filter: 'bytes', listener: 'slot' },
  },
  execute: {
    does: 'execute the program',
    subject: 'args',
    fails: 'exec',
    hints: {
      ENOENT:
        'The file exists, so the interpreter that it names (its #! line or ELF loader) is missing in the container',
      ENOEXEC: 'It is a program for another architecture, or a script without a #! line',
    },
    fields: {
      args: 'strings',
      environment: 'strings',
      /** How many descriptors above stdio the program keeps, from 3 on. */
      preserve: 'u32',
    },
  },
} as const satisfies Record<string, OperationRow>;
