import { stringifyJson } from '../../bundle/json/stringify-json.ts';
import { duration } from '../convert/duration.ts';
import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const eventsCommand = command({
  name: 'events',
  summary: 'print statistics of a container, and when it ran out of memory',
  description: [
    'One JSON object on a line at a time: of type stats at each interval, of type oom when the kernel found no more memory for the ' +
      'container. Ends with the container.',
  ],
  examples: [
    { command: 'events --interval 10s web1', does: 'follow web1' },
    { command: 'events --stats web1', does: 'what web1 uses now' },
  ],
  options: [
    {
      name: 'interval',
      type: 'string',
      value: 'TIME',
      default: '5s',
      help: 'time between two statistics, such as 5s or 1m30s',
    },
    { name: 'stats', type: 'boolean', help: 'print the statistics once' },
  ],
  positionals: [id],
  async handler({ arguments: { id }, values, context, print }) {
    const { events, statistics } = await import('../../container/events.ts');
    const interval = duration('interval', values.interval);
    const opened = await context();
    if (values.stats) {
      print(`${stringifyJson({ type: 'stats', id, data: await statistics(opened, id) })}\n`);
      return 0;
    }
    for await (const event of events(opened, id, { interval })) print(`${stringifyJson(event)}\n`);
    return 0;
  },
});
