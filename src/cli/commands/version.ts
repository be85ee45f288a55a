import type { plainShape } from '../options.ts';
import type { Handler } from '../table.ts';
import { versionText } from '../version.ts';

export const handler: Handler<typeof plainShape> = ({ print, outside }) => {
  print(versionText(outside.engine));
  return 0;
};
