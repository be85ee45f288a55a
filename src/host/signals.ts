import type { ExitStatus } from './native.ts';

/**
 * Linux signal names in the order of their numbers, from 1 (signal(7); x86, ARM, RISC-V, POWER and s390 agree).
 * Without SIG.
 */
export const signalNames: readonly string[] = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ ' +
  'VTALRM PROF WINCH IO PWR SYS'
).split(' ');

export const SIGKILL = 9;

/** `SIGKILL`, or `exit status 3`. */
export function endName({ code, signal }: ExitStatus): string {
  return signal === undefined ? `exit status ${code}` : signalName(signal);
}

/** `SIGKILL`; real-time signals have no name of their own: `signal 34`. */
export function signalName(number: number): string {
  const name = signalNames[number - 1];
  return name === undefined ? `signal ${number}` : `SIG${name}`;
}
