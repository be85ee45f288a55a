import { duration } from '../convert/duration.ts';
import { usageTable } from '../render/usage-table.ts';
import { command } from '../table/command.ts';

/** Cursor to the corner, and the old table away (ECMA-48: CUP, ED). */
const clear = '\x1b[H\x1b[2J';
const standardOutput = 1;

export const statsCommand = command({
  name: 'stats',
  summary: 'show what containers use, live',
  description: [
    'A table of processor time, memory against its limit, processes, block I/O, how often the processor limit held the container back, and ' +
      'pressure: the share of the last ten seconds in which something waited for processor, memory or I/O (- where the kernel does not ' +
      'measure it). Ends with Ctrl-C, or when the last of the containers that were named has ended.',
  ],
  examples: [
    { command: 'stats', does: 'all running containers, until Ctrl-C' },
    { command: 'stats --no-stream --json web1', does: 'web1 once, for a program' },
  ],
  options: [
    { name: 'json', type: 'boolean', help: 'print a line of JSON at a time instead of a table' },
    { name: 'no-stream', type: 'boolean', help: 'print once instead of going on' },
    {
      name: 'interval',
      type: 'string',
      value: 'TIME',
      default: '1s',
      help: 'time between two looks, such as 5s or 1m30s',
    },
  ],
  rest: {
    value: 'CONTAINER-ID…',
    help: 'the containers to show (default: all that run)',
    begins: 'anywhere',
    complete: 'container',
  },
  async handler({ values, rest, context, print, control }) {
    const { stats } = await import('../../container/stats.ts');
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
  },
});
