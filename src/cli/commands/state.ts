import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const stateCommand = command({
  name: 'state',
  summary: 'print the state of a container as JSON',
  description: ['Status is one of creating, created, running, paused and stopped.'],
  examples: [{ command: 'state web1', does: 'print what is known of web1' }],
  positionals: [id],
  async handler({ arguments: { id }, context, print }) {
    const { state } = await import('../../container/state.ts');
    print(`${JSON.stringify(await state(await context(), id), null, 2)}\n`);
    return 0;
  },
});
