import { list } from '../../container/list.ts';
import type { listShape } from '../options.ts';
import { containerTable } from '../render/container-table.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof listShape> = async ({ values, context, print }) => {
  const containers = await list(await context());
  if (values.quiet) print(containers.map(({ id }) => `${id}\n`).join(''));
  else if (values.format === 'json') print(`${JSON.stringify(containers)}\n`);
  else print(containerTable(containers));
  return 0;
};
