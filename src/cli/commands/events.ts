import { stringifyJson } from '../../bundle/stringify-json.ts';
import { events, statistics } from '../../container/events.ts';
import { duration } from '../convert/duration.ts';
import type { eventsShape } from '../resource-shapes.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof eventsShape> = async ({ arguments: { id }, values, context, print }) => {
  const interval = duration('interval', values.interval);
  const opened = await context();
  if (values.stats) {
    print(`${stringifyJson({ type: 'stats', id, data: await statistics(opened, id) })}\n`);
    return 0;
  }
  for await (const event of events(opened, id, { interval })) print(`${stringifyJson(event)}\n`);
  return 0;
};
