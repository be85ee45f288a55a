import { Failure, messageOf } from '../failure.ts';
import { UnusableRecord } from './check-record.ts';
import { ownerName } from './owner-name.ts';
import { isAlive, requireProcfs } from './process-identity.ts';
import { stateOf } from './state.ts';
import { Store } from './store.ts';
import type { Context, State } from './types.ts';

/**
 * `list`: the states of all containers of this root, by id, `web2` before `web10`. One whose record can't be worked with is in the list as well, with
 * what is known of it, and why is a warning.
 */
export async function list(context: Context): Promise<State[]> {
  const store = new Store(context.host.native, context.root);
  return store.listing((ids) => ids.flatMap((id) => entryOf(context, store, id) ?? []));
}

function entryOf(context: Context, store: Store, id: string): State | undefined {
  try {
    const record = store.tryRead(id);
    return record && stateOf(context, store, record);
  } catch (error) {
    // deleted while we looked
    if (error instanceof Failure && error.code === 'not-found') return undefined;
    requireProcfs(context.host.native);
    context.warn(messageOf(error));
    return unusableState(context, id, error);
  }
}

/** What can still be said of a container. */
function unusableState({ host: { native } }: Context, id: string, error: unknown): State {
  const { known, kind } = error instanceof UnusableRecord ? error : { known: {}, kind: 'damaged' as const };
  const { ociVersion = '', bundle = '', rootfs = '', created = '', init, uid } = known;
  return {
    ociVersion,
    id,
    pid: init !== undefined && isAlive(native, init) ? init.pid : 0,
    status: kind,
    bundle,
    rootfs,
    created,
    owner: uid === undefined ? '' : ownerName(native, uid),
  };
}
