import type { Cgroup } from '../cgroup/cgroup.ts';
import { cgroupFromState } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { requireStatus, statusOf, type Verb } from './lifecycle.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

async function withCgroup(
  context: Context,
  id: string,
  verb: Verb,
  act: (cgroup: Cgroup) => Promise<void>,
): Promise<void> {
  const { host } = context;
  const store = new Store(host.native, context.root);
  const lock = store.lock(id);
  try {
    const record = store.read(id);
    const cgroup = record.cgroup && cgroupFromState(host, record.cgroup);
    requireStatus(
      verb,
      id,
      statusOf(host, store, record, () => cgroup?.frozen() ?? false),
    );
    if (cgroup === undefined) throw new Failure('unsupported', `container "${id}" has no cgroup to freeze`);
    await act(cgroup);
  } finally {
    lock.release();
  }
}

/** `pause`: stops every process of the container where it is. Throws `Failure` (`status`, `unsupported`). */
export async function pause(context: Context, id: string): Promise<void> {
  await withCgroup(context, id, 'pause', (cgroup) => cgroup.freeze());
}

/** `resume`: lets a paused container go on. Throws `Failure` (`status`). */
export async function resume(context: Context, id: string): Promise<void> {
  await withCgroup(context, id, 'resume', (cgroup) => cgroup.thaw());
}
