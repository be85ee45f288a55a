import { remove } from '../../container/remove.ts';
import type { deleteShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof deleteShape> = async ({ arguments: { id }, values, context }) => {
  await remove(await context(), id, { force: values.force });
  return 0;
};
