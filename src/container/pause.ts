import { Failure } from '../failure.ts';
import { withContainer } from './record/open-container.ts';
import type { Context } from './types.ts';

/** `pause`: stops every process of the container where it is. Throws `Failure` (`status`, `unsupported`). */
export async function pause(context: Context, id: string): Promise<void> {
  await withContainer(context, id, 'pause', async ({ cgroup }) => {
    if (cgroup === undefined) throw new Failure('unsupported', `container "${id}" has no cgroup to freeze`);
    await cgroup.freeze();
  });
}
