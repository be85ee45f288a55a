/**
 * The door to our own system calls: the shape of the N-API addon in csrc/addon. Thin, no policy: each function is one
 * system call or one short fixed sequence. The functions themselves are rows of scripts/native, from which their
 * types (generated/native.ts) and the readers of their arguments in C come. Everything on the path of an engine's
 * call goes through here, because `node:fs` costs more to import than all of these cost to call.
 *
 * Every function throws `SystemError` on failure unless it says otherwise. Descriptors that are made here are
 * close-on-exec.
 */
import type { SystemError } from './native-types.ts';

export type { Native } from './generated/native.ts';
export type {
  CopyReport,
  ExitStatus,
  FileStatus,
  MountRequest,
  Packet,
  SpawnOptions,
  SystemError,
} from './native-types.ts';

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error && typeof (error as { errno?: unknown }).errno === 'number' && 'syscall' in error
  );
}

/** True when `error` is a system error of one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
}
