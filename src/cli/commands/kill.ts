import { signalNumber } from '../../host/signal-number.ts';
import { command } from '../table/command.ts';
import { id, regex } from '../table/shared-options.ts';

export const killCommand = command({
  name: 'kill',
  summary: 'send a signal to a container',
  description: ["The signal goes to the container's first process, or with --all to each of its processes."],
  examples: [
    { command: 'kill web1', does: 'ask the program of web1 to end (SIGTERM)' },
    { command: 'kill --all web1 KILL', does: 'kill every process of web1' },
  ],
  habits: [
    // kill -9, kill -KILL
    [
      /^(?:s|signal|\d{1,2}|[A-Z][A-Z0-9+-]*)$/,
      'The signal stands behind the container, as in "tsoci kill CONTAINER-ID 9".',
    ],
  ],
  options: [
    { name: 'all', alias: 'a', type: 'boolean', help: 'signal every process of the container' },
    regex,
  ],
  positionals: [
    id,
    {
      name: 'signal',
      value: 'SIGNAL',
      required: false,
      help: 'name (TERM, SIGTERM, any case) or number; TERM unless given',
      complete: 'signal',
    },
  ],
  async handler({ arguments: { id, signal }, values, context }) {
    const { kill } = await import('../../container/kill.ts');
    const number = signalNumber(signal || 'TERM');
    const opened = await context();
    const { all } = values;
    if (!values.regex) {
      await kill(opened, id, number, { all });
      return 0;
    }
    const { forEachContainer, matchingContainers } = await import('../convert/matching-containers.ts');
    await forEachContainer(opened, await matchingContainers(opened, id), (each) =>
      kill(opened, each, number, { all }),
    );
    return 0;
  },
});
