import { hasLiveInit } from './record/lifecycle.ts';
import { openContainer } from './record/open-container.ts';
import type { Context } from './types.ts';

/** `ps`: pids of the container's processes as the host numbers them, ascending. Throws `Failure` (`not-found`). */
export async function processes(context: Context, id: string): Promise<number[]> {
  const { record, cgroup } = openContainer(context, id);
  const pids = new Set(cgroup?.processes());
  if (pids.size === 0 && record.init !== undefined && hasLiveInit(context.host.native, record))
    pids.add(record.init.pid);
  return [...pids].sort((a, b) => a - b);
}
