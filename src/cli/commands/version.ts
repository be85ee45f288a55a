import type { plainShape } from '../options.ts';
import type { Handler } from '../table.ts';
import { versionText } from '../version.ts';

export const handler: Handler<typeof plainShape> = ({ print }) => {
  print(versionText());
  return 0;
};
