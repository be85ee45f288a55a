import { create } from '../../container/create.ts';
import { createOptions } from '../create-options.ts';
import type { createShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof createShape> = async ({ arguments: { id }, values, context }) => {
  await create(await context(), createOptions(id, values));
  return 0;
};
