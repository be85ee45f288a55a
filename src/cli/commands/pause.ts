import { pause } from '../../container/pause.ts';
import type { idShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof idShape> = async ({ arguments: { id }, context }) => {
  await pause(await context(), id);
  return 0;
};
