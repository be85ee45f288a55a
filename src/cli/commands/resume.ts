import { resume } from '../../container/resume.ts';
import type { idShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof idShape> = async ({ arguments: { id }, context }) => {
  await resume(await context(), id);
  return 0;
};
