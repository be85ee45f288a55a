import { withContainer } from './record/open-container.ts';
import type { Context } from './types.ts';

/** `resume`: lets a paused container go on. Throws `Failure` (`status`). */
export async function resume(context: Context, id: string): Promise<void> {
  // What is paused has a cgroup.
  await withContainer(context, id, 'resume', async ({ cgroup }) => cgroup?.thaw());
}
