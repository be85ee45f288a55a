import { stats } from '../../container/stats.ts';
import { duration } from '../convert/duration.ts';
import { usageTable } from '../render/usage-table.ts';
import type { statsShape } from '../resource-shapes.ts';
import type { Handler } from '../table.ts';

/** Cursor to the corner, and the old table away (ECMA-48: CUP, ED). */
const clear = '\x1b[H\x1b[2J';
const standardOutput = 1;

export const handler: Handler<typeof statsShape> = async ({ values, rest, context, print, control }) => {
  const interval = duration('interval', values.interval);
  const opened = await context();
  const live = !values['no-stream'] && !values.json && opened.host.native.isTerminal(standardOutput);
  for await (const containers of stats(opened, rest, { interval })) {
    if (values.json) print(`${JSON.stringify(containers)}\n`);
    else {
      if (live) control(clear);
      print(usageTable(containers));
    }
    if (values['no-stream']) break;
  }
  return 0;
};
