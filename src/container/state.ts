import { isFrozen } from '../cgroup/cgroupfs/freezer.ts';
import { statusOf } from './record/lifecycle.ts';
import { ownerName } from './record/owner-name.ts';
import type { RecordHead } from './record/record-text.ts';
import { Store } from './record/store.ts';
import type { Context, State } from './types.ts';

/**
 * The state of one recorded container, from its record and its process.
 * @param owner names a user
 */
export function stateOf(
  { host }: Context,
  store: Store,
  record: RecordHead,
  owner = (uid: number) => ownerName(host.native, uid),
): State {
  const { init, freezer, annotations } = record;
  const status = statusOf(host, store, record, {
    frozen: () => freezer !== undefined && isFrozen(host.native, freezer),
  });
  return {
    ociVersion: record.ociVersion,
    id: record.id,
    pid: status === 'stopped' ? 0 : (init?.pid ?? 0),
    status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(annotations && { annotations }),
    owner: owner(record.uid),
  };
}

/** `state`: one container's state (runtime.md, Query State). Throws `Failure` (`not-found`). */
export async function state(context: Context, id: string): Promise<State> {
  const store = new Store(context.host.native, context.root);
  return stateOf(context, store, store.readHead(id));
}
