import { type OomWatch, watchOom } from '../cgroup/statistics/oom-watch.ts';
import { Store } from './record/store.ts';
import type { Context } from './types.ts';

export type { OomWatch } from '../cgroup/statistics/oom-watch.ts';

/**
 * Watches for the kernel to end processes of a container for want of memory; undefined where nobody counts. Throws
 * `Failure` (`not-found`).
 */
export function watchOutOfMemory({ host, root }: Context, id: string): OomWatch | undefined {
  const { cgroup } = new Store(host.native, root).read(id);
  return cgroup && watchOom(host.native, cgroup);
}
