import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { statusOf } from './lifecycle.ts';
import { ownerName } from './owner-name.ts';
import type { ContainerRecord } from './record.ts';
import { Store } from './store.ts';
import type { Context, State } from './types.ts';

/** The state of one recorded container, from its record and its process. */
export function stateOf(context: Context, store: Store, record: ContainerRecord): State {
  const { host } = context;
  const status = statusOf(host, store, record, {
    // Opened only when it is asked.
    frozen: () => record.cgroup !== undefined && cgroupInUse(host, record.cgroup).frozen(),
  });
  return {
    ociVersion: record.ociVersion,
    id: record.id,
    pid: status === 'stopped' ? 0 : (record.init?.pid ?? 0),
    status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(record.annotations && { annotations: record.annotations }),
    owner: ownerName(host.native, record.uid),
  };
}

/** `state`: one container's state (runtime.md, Query State). Throws `Failure` (`not-found`). */
export async function state(context: Context, id: string): Promise<State> {
  const store = new Store(context.host.native, context.root);
  return stateOf(context, store, store.read(id));
}
