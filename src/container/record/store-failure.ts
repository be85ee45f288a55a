import { Failure, messageOf } from '../../failure.ts';
import { hintOf } from '../../host/files.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';

/** A system's error in the names that people know, instead of the descriptors that the store works by. */
export function storeFailure(action: string, cause: unknown, root: string, id: string | undefined): Failure {
  const said = messageOf(cause);
  const reason = said.replace(/\/proc\/self\/fd\/\d+(?:\/\.\.)?(\/[^/']+)?/, (_whole, next: string = '') =>
    id === undefined || next === `/${id}` ? `${root}${next}` : `${root}/${id}${next}`,
  );
  const errno = isSystemError(cause) ? { errno: cause.code, hint: hintOf(cause) } : {};
  return new Failure('system', `${action}: ${reason}`, { ...errno, ...(reason === said && { cause }) });
}

/** There is no such thing, or nothing could have such a name. */
export function isAbsent(error: unknown): boolean {
  return hasErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG');
}

/** Throws `SystemError`. */
export function unlinkIfThere(native: Native, path: string): void {
  try {
    native.unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

/** Throws `Failure` (`not-found`) for what is not there. */
export function there<What>(id: string, what: What | undefined): What {
  if (what !== undefined) return what;
  throw new Failure('not-found', `container does not exist: "${id}"`, {
    hint: '`tsoci list` shows those that do',
  });
}
