import { Failure, messageOf } from '../failure.ts';
import type { Native } from '../host/native.ts';
import { isAlive, requireProcfs } from './process/process-identity.ts';
import { UnusableRecord } from './record/check-record.ts';
import { ownerName } from './record/owner-name.ts';
import { Store } from './record/store.ts';
import { stateOf } from './state.ts';
import type { Context, State } from './types.ts';

/**
 * `list`: the states of all containers of this root, by id, `web2` before `web10`. One whose record cannot be worked
 * with is in the list as well, with what is known of it, and why is a warning.
 */
export async function list(context: Context): Promise<State[]> {
  const store = new Store(context.host.native, context.root);
  const owner = ownerNames(context.host.native);
  return store.listing((ids) => {
    const states: State[] = [];
    for (const id of ids) {
      const state = entryOf(context, store, id, owner);
      if (state !== undefined) states.push(state);
    }
    return states;
  });
}

type Owner = (uid: number) => string;

/** Each user is looked up once. */
function ownerNames(native: Native): Owner {
  const known = new Map<number, string>();
  return (uid) => {
    const name = known.get(uid) ?? ownerName(native, uid);
    known.set(uid, name);
    return name;
  };
}

function entryOf(context: Context, store: Store, id: string, owner: Owner): State | undefined {
  try {
    const record = store.tryReadHead(id);
    return record && stateOf(context, store, record, owner);
  } catch (error) {
    // deleted while we looked
    if (error instanceof Failure && error.code === 'not-found') return undefined;
    requireProcfs(context.host.native);
    context.warn(messageOf(error));
    return unusableState(context, id, error, owner);
  }
}

/** What can still be said of a container. */
function unusableState({ host: { native } }: Context, id: string, error: unknown, owner: Owner): State {
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
    owner: uid === undefined ? '' : owner(uid),
  };
}
