import { withCgroup } from './freezing.ts';
import type { Context } from './types.ts';

/** `pause`: stops every process of the container where it is. Throws `Failure` (`status`, `unsupported`). */
export async function pause(context: Context, id: string): Promise<void> {
  await withCgroup(context, id, 'pause', (cgroup) => cgroup.freeze());
}
