import { makeRootfs } from '../make-rootfs.ts';
import type { rootfsShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof rootfsShape> = async ({
  arguments: { source, destination },
  context,
}) => {
  await makeRootfs((await context()).host, source, destination ?? 'rootfs');
  return 0;
};
