import { start } from '../../container/start.ts';
import type { idShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof idShape> = async ({ arguments: { id }, context }) => {
  await start(await context(), id);
  return 0;
};
