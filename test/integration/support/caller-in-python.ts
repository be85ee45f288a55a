/** Runtimes called from a process that is not like ours: limits, directories, system calls that are not there. */
import { runCommand } from './runtime.ts';
import type { Sandbox } from './sandbox.ts';

/** Runs `RUNTIME --root … ARGS` from a process that first runs Python: os, resource, ctypes and sys are imported. */
export function callFrom(
  sandbox: Sandbox,
  python: string,
  args: readonly string[],
  around: readonly string[] = [],
) {
  const program = `import os, resource, ctypes, sys\n${python}\nos.execv(sys.argv[1], sys.argv[1:])`;
  const command = ['/usr/bin/python3', '-c', program, ...sandbox.runtime, '--root', sandbox.root, ...args];
  return runCommand([...around, ...command]);
}

/**
 * Python that filters a system call as container engines do, and as an older kernel answers: ENOSYS, so that callers
 * fall back. seccomp(2) by ctypes; x86-64 and aarch64, on which newer calls have the same numbers.
 */
export const hideCall = (number: number): string => `libc = ctypes.CDLL(None, use_errno=True)
class I(ctypes.Structure): _fields_ = [('code', ctypes.c_ushort), ('jt', ctypes.c_ubyte), ('jf', ctypes.c_ubyte), ('k', ctypes.c_uint)]
class P(ctypes.Structure): _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.POINTER(I))]
program = (I * 4)(I(0x20, 0, 0, 0), I(0x15, 0, 1, ${number}), I(0x06, 0, 0, 0x00050026), I(0x06, 0, 0, 0x7fff0000))
if libc.prctl(22, 2, ctypes.byref(P(4, program)), 0, 0) != 0: raise OSError(ctypes.get_errno(), 'seccomp')
if libc.syscall(${number}, None, 0) != -1 or ctypes.get_errno() != 38: raise SystemExit('positive control: call ${number} is there')`;
