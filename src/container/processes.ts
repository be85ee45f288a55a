import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { hasLiveInit } from './lifecycle.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

/** `ps`: pids of the container's processes as the host numbers them, ascending. Throws `Failure` (`not-found`). */
export async function processes(context: Context, id: string): Promise<number[]> {
  const { host } = context;
  const record = new Store(host.native, context.root).read(id);
  const pids = new Set(record.cgroup === undefined ? [] : cgroupInUse(host, record.cgroup).processes());
  if (pids.size === 0 && record.init !== undefined && hasLiveInit(host.native, record))
    pids.add(record.init.pid);
  return [...pids].sort((a, b) => a - b);
}
