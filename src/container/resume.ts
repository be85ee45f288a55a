import { withCgroup } from './freezing.ts';
import type { Context } from './types.ts';

/** `resume`: lets a paused container go on. Throws `Failure` (`status`). */
export async function resume(context: Context, id: string): Promise<void> {
  await withCgroup(context, id, 'resume', (cgroup) => cgroup.thaw());
}
