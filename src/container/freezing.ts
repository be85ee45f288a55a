import type { CgroupInUse } from '../cgroup/cgroup.ts';
import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { Failure } from '../failure.ts';
import { requireStatus, statusOf, type Verb } from './lifecycle.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

/** Checks the status and hands over the cgroup, under the container's lock. Throws `Failure` (`status`, `unsupported`). */
export async function withCgroup(
  context: Context,
  id: string,
  verb: Verb,
  act: (cgroup: CgroupInUse) => Promise<void>,
): Promise<void> {
  const { host } = context;
  const store = new Store(host.native, context.root);
  const lock = await store.lock(context.host.wait, id);
  try {
    const record = store.read(id);
    const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
    requireStatus(verb, id, statusOf(host, store, record, cgroup));
    if (cgroup === undefined) throw new Failure('unsupported', `container "${id}" has no cgroup to freeze`);
    await act(cgroup);
  } finally {
    lock.release();
  }
}
