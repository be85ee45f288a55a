import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { Failure } from '../../../src/failure.ts';
import { openKoffiLibrary } from '../../../src/foreign/koffi.ts';
import type { Host } from '../../../src/host/host.ts';
import { blockingWait } from '../../../src/host/wait.ts';
import type { Seccomp, SeccompArg, SeccompSyscall } from '../../../src/spec/config.ts';

const libexec = findLibexec();

/** The real machine. */
const native = loadNative(libexec);
export const host: Host = {
  native,
  wait: blockingWait(native),
  surroundings: {},
  libexec,
  openSeccompLibrary: () => openKoffiLibrary(native),
};

/** AUDIT_ARCH_* of the ABIs that the tables below speak of. */
export const x86_64 = 0xc000003e;
export const x86 = 0x40000003;
export const x32Bit = 0x40000000;

/** What a filter answers (linux/seccomp.h). */
export const allow = 0x7fff0000;
export const errno = (number: number): number => 0x00050000 | number;
export const enosys = errno(38);

/** Why tests with x86_64's numbers cannot run here, if so. */
export const wrongMachine =
  process.arch === 'x64' ? undefined : `system call numbers of x86_64, this is ${process.arch}`;

/** An entry without conditions, or with them. */
export function entry(
  names: string | readonly string[],
  action: SeccompSyscall['action'],
  more: Partial<SeccompSyscall> = {},
): SeccompSyscall {
  return { names: typeof names === 'string' ? [names] : names, action, ...more };
}

export function argument(
  index: number,
  op: SeccompArg['op'],
  value: number | bigint,
  valueTwo?: number | bigint,
): SeccompArg {
  return valueTwo === undefined ? { index, op, value } : { index, op, value, valueTwo };
}

/** The Failure that `action` ends in. */
export async function failure(action: () => unknown): Promise<Failure> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('expected a Failure');
}

/** Any text as a section: what a caller without types could pass. */
export const untyped = (section: unknown): Seccomp => section as Seccomp;
