import { remove } from '../../container/remove.ts';
import type { Context } from '../../container/types.ts';
import { messageOf } from '../../failure.ts';
import type { deleteShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof deleteShape> = async ({ arguments: { id }, rest, values, context }) => {
  const opened = await context();
  if (rest.length === 0) await remove(opened, id, { force: values.force, ended: values.ended });
  else await removeAll(opened, [id, ...rest], values.force);
  return 0;
};

/** Each of them, also behind one that can't be deleted. The last failure is the command's, those before it are warnings. */
async function removeAll(context: Context, ids: readonly string[], force: boolean): Promise<void> {
  const failures: unknown[] = [];
  for (const id of new Set(ids)) {
    try {
      await remove(context, id, { force });
    } catch (error) {
      failures.push(error);
    }
  }
  const last = failures.pop();
  for (const failure of failures) context.warn(messageOf(failure));
  if (last !== undefined) throw last;
}
