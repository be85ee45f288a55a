import { create } from '../../container/create.ts';
import { createOptions } from '../create-options.ts';
import type { createShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof createShape> = async ({ arguments: { id }, values, ...call }) => {
  const context = await call.context();
  await create(context, createOptions(context, id, values));
  return 0;
};
