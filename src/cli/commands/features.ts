import { features } from '../../container/features.ts';
import type { plainShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof plainShape> = async ({ context, print }) => {
  print(`${JSON.stringify(await features(await context()), null, 2)}\n`);
  return 0;
};
