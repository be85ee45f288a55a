import { Failure } from '../../failure.ts';
import { wholeMessage } from '../../failure-words.ts';
import { asFailure } from '../../host/files.ts';
import { codes, StatusError } from '../ttrpc/status.ts';

/** What the codes of our failures are to containerd's clients, where they tell them apart. */
const codeOf: Partial<Record<Failure['code'], number>> = {
  'not-found': codes.notFound,
  exists: codes.alreadyExists,
};

/** What a caller is told of a failure: our words behind those that engines look for, and what to do about it. */
export function answerError(prefix: string, thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const error = asFailure(thrown);
  const failure = error instanceof Failure ? error : undefined;
  const words = failure === undefined ? `internal error: ${wholeMessage(error)}` : wholeMessage(failure);
  const hint = failure?.hint === undefined ? '' : ` (${failure.hint})`;
  const code = (failure && codeOf[failure.code]) ?? codes.unknown;
  return new StatusError(code, `${prefix}${prefix === '' ? '' : ': '}${words}${hint}`, { cause: thrown });
}
