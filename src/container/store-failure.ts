import { Failure, messageOf } from '../failure.ts';
import { hasErrno, isSystemError } from '../host/native.ts';

/** A system's error in the names that people know, instead of the descriptors that the store works by. */
export function storeFailure(action: string, cause: unknown, root: string, id: string | undefined): Failure {
  const said = messageOf(cause);
  const reason = said.replace(/\/proc\/self\/fd\/\d+(\/[^/']+)?/, (_whole, next: string = '') =>
    id === undefined || next === `/${id}` ? `${root}${next}` : `${root}/${id}${next}`,
  );
  const errno = isSystemError(cause) ? { errno: cause.code } : {};
  return new Failure('system', `${action}: ${reason}`, { ...errno, ...(reason === said && { cause }) });
}

/** There is no such thing, or nothing could have such a name. */
export function isAbsent(error: unknown): boolean {
  return hasErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG');
}
