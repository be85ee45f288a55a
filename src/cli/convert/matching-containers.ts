import { list } from '../../container/list.ts';
import type { Context } from '../../container/types.ts';
import { Failure, messageOf } from '../../failure.ts';

/**
 * The containers whose ids a regular expression describes, anywhere in them unless it says `^` and `$`; by name.
 *
 * Throws `Failure` (`invalid`) for what is no regular expression, and for an empty one, which is in all of them and
 * which a script gives whose variable is not set; `not-found` when it describes none.
 */
export async function matchingContainers(context: Context, pattern: string): Promise<string[]> {
  if (pattern === '')
    throw new Failure('invalid', '--regex "": an empty expression names no containers', {
      hint: 'Give . or .* for all containers, or an expression such as ^web-.',
    });
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'u');
  } catch (cause) {
    throw new Failure('invalid', `--regex "${pattern}": ${messageOf(cause)}`, {
      cause,
      hint: 'Give a regular expression such as ^web-.',
    });
  }
  const ids = (await list(context)).map(({ id }) => id).filter((id) => expression.test(id));
  if (ids.length === 0)
    throw new Failure('not-found', `no container matches "${pattern}"`, {
      hint: '`tsoci list` shows all of them.',
    });
  return ids;
}

/**
 * Does something to each of them, also behind one that it fails for. The last failure is the command's, those before
 * it are warnings.
 */
export async function forEachContainer(
  context: Context,
  ids: readonly string[],
  action: (id: string) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const id of new Set(ids)) {
    try {
      await action(id);
    } catch (error) {
      failures.push(error);
    }
  }
  const last = failures.pop();
  for (const failure of failures) context.warn(messageOf(failure));
  if (last !== undefined) throw last;
}
