/**
 * The one error class that every room throws. The text a person reads is made by `message` alone; the fields are for
 * programs (the CLI's log line, tests, library users).
 */

/** What kind of thing went wrong. Stable: library users may switch on it. */
export type FailureCode =
  /** The caller's input is wrong: arguments, ids, config.json. Nothing was changed. */
  | 'invalid'
  /** The container (or another named thing) does not exist. */
  | 'not-found'
  /** The id is in use. */
  | 'exists'
  /** The operation is not allowed in the container's present status. */
  | 'status'
  /** The machine lacks something that the config asks for. */
  | 'unsupported'
  /** A system call failed. */
  | 'system'
  /** The container's own program could not be executed. */
  | 'exec'
  /** A hook failed. */
  | 'hook'
  /** tsoci's own fault. */
  | 'internal';

export interface FailureDetail {
  /** JSON pointer into config.json (`/mounts/3`) of the piece that asked for what failed. */
  readonly pointer?: string | undefined;
  /** Symbolic errno (`ENOENT`) when a system call failed. */
  readonly errno?: string | undefined;
  /** The stub's operation that failed, when one did. */
  readonly operation?: string | undefined;
  /** One sentence saying what to do. */
  readonly hint?: string | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
  /** Failures of the clean-up that followed, which ride beside the cause and never replace it. */
  readonly cleanup?: readonly unknown[];
}

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly pointer: string | undefined;
  readonly errno: string | undefined;
  readonly operation: string | undefined;
  readonly hint: string | undefined;
  readonly cleanup: readonly unknown[];

  constructor(code: FailureCode, message: string, detail: FailureDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.pointer = detail.pointer;
    this.errno = detail.errno;
    this.operation = detail.operation;
    this.hint = detail.hint;
    this.cleanup = detail.cleanup ?? [];
  }
}

/**
 * The very error, with what went wrong in the clean-up that followed beside it. What is no `Failure`, a slip of ours,
 * has no place for that and becomes the cause of one.
 */
export function withCleanup(error: unknown, cleanup: readonly unknown[]): unknown {
  if (cleanup.length === 0) return error;
  const failure = error instanceof Failure ? error : slip(error);
  return Object.assign(failure, { cleanup: [...failure.cleanup, ...cleanup] });
}

/** What to do about an error that no room made a `Failure` of. */
export const slipHint = 'This is a fault of tsoci itself; --debug shows where.';

function slip(cause: unknown): Failure {
  return new Failure('internal', `internal error: ${messageOf(cause)}`, { cause, hint: slipHint });
}

/** What a clean-up throws, to ride beside the failure that it follows. */
export function failuresOf(cleanUp: () => unknown): unknown[] {
  try {
    cleanUp();
    return [];
  } catch (error) {
    return [error];
  }
}

/** The very failure in other words; the stack, which begins with the message in some engines, says them too. */
export function inOtherWords(failure: Failure, message: string, hint: string | undefined): Failure {
  const stack = failure.stack?.replace(failure.message, () => message);
  return Object.assign(failure, { message, hint }, stack !== undefined && { stack });
}

/** The text of any thrown value, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The very failure, with what to do about it. */
export function withHint(failure: Failure, hint: string): Failure {
  return Object.assign(failure, { hint });
}

/** For the end of an exhaustive switch: a missing case does not compile. */
export function assertNever(value: never): never {
  throw new Failure('internal', `unexpected value ${JSON.stringify(value)}`);
}
