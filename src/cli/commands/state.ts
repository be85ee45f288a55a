import { state } from '../../container/state.ts';
import type { idShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof idShape> = async ({ arguments: { id }, context, print }) => {
  print(`${JSON.stringify(await state(await context(), id), null, 2)}\n`);
  return 0;
};
