import type { IdMapping } from '../../spec/config.ts';
import { hostIdOf } from '../../spec/id-mappings.ts';
import type { ProcessCompilation } from './compilation.ts';

/**
 * Streams that only the host's privileges can hand over: those of a caller who is nobody in the user namespace. Of a
 * namespace that was made by others the maps are not known, and what is theirs already is handed over from inside.
 */
export function planHostStreams(
  { plan, process, facts, userNamespace }: ProcessCompilation,
  mappings: readonly IdMapping[] | undefined,
): void {
  if (process.terminal || !userNamespace || facts.rootless || mappings === undefined) return;
  const uid = hostIdOf(process.user?.uid ?? 0, mappings);
  const root = hostIdOf(0, mappings);
  if (uid !== undefined) plan.add('prepare', '/process/user/uid', 'streams', { uid, root: root ?? uid });
}

/**
 * The standard streams become the user's, so that it can open /dev/stdout, which asks for permission where writing to
 * the descriptor does not. The stub knows which may be given away (`op_streams`). A terminal of our own has its owner
 * from its birth.
 */
export function planStreams({ plan, process, userNamespace }: ProcessCompilation): void {
  const uid = process.user?.uid ?? 0;
  if (process.terminal || (uid === 0 && !userNamespace)) return;
  plan.add('identity', '/process/user/uid', 'streams', { uid, root: 0 });
}
