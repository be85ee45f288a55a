/**
 * Native calls on paths that a caller chose: what the system says about them is never our fault, and is told as such.
 */
import { Failure, messageOf } from '../failure.ts';
import { hasErrno, isSystemError } from './native.ts';

/** What to do about errors that are the machine's state and not the path's. */
const hints: Readonly<Record<string, string>> = {
  EMFILE: 'This process may open no more files: raise its limit (ulimit -n)',
  ENFILE: 'The machine has as many files open as it may: see fs.file-max (proc(5))',
  ENOSPC: 'Make room there, in bytes or in inodes (df, df -i)',
  EDQUOT: "Make room there: the user's quota is used up",
  ENOMEM: 'The machine, or the cgroup of the caller, has no memory left',
  EROFS: 'Name a place that can be written',
};

/** What to do about an error of the system; undefined where its name says all. */
export function hintOf({ code }: { readonly code: string }): string | undefined {
  return hints[code];
}

/** Errnos that without a path only a wrong call of ours can have. */
const ownFaults: readonly string[] = ['EBADF', 'EFAULT', 'EINVAL', 'ENOTSOCK', 'EDOM'];

/**
 * Does `call`, and tells what the system refuses as a failure of what was wanted: `cannot ACTION "PATH": EACCES: …`.
 *
 * @param action - What was wanted of the path, such as `read the bundle`.
 * @throws Failure `system`, its errno beside it.
 */
export function ask<Result>(action: string, path: string, call: () => Result): Result {
  try {
    return call();
  } catch (cause) {
    throw isSystemError(cause) ? systemFailure(`cannot ${action} "${path}"`, cause) : cause;
  }
}

/** The same of what is waited for; undefined when the system's answer is one of the codes. */
export async function askLater<Result>(
  codes: readonly string[],
  action: string,
  path: string,
  call: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    return askUnless(codes, action, path, () => {
      throw error;
    });
  }
}

/** The same; undefined when the system's answer is one of these. */
export function askUnless<Result>(
  codes: readonly string[],
  action: string,
  path: string,
  call: () => Result,
): Result | undefined {
  return ask(action, path, () => {
    try {
      return call();
    } catch (error) {
      if (hasErrno(error, ...codes)) return undefined;
      throw error;
    }
  });
}

/**
 * What `call` gives; undefined whatever the system says: for those who only look, to whom what cannot be seen is not
 * there.
 */
export function quietly<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/**
 * What a boundary of the program makes of anything that was thrown: a refusal of the system that nobody worded is
 * still the system's and not our fault (too many open files come up anywhere). What only our own mistake explains
 * stays as it is.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof Failure || !isSystemError(error)) return error;
  if (error.path === undefined && ownFaults.includes(error.code)) return error;
  return systemFailure('the system refused', error);
}

function systemFailure(what: string, cause: Error & { readonly code: string }): Failure {
  const hint = hintOf(cause);
  return new Failure('system', `${what}: ${messageOf(cause)}`, {
    cause,
    errno: cause.code,
    hint,
  });
}
