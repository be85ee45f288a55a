import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const pauseCommand = command({
  name: 'pause',
  summary: 'freeze all processes of a container',
  description: ['They stay in memory and get no processor time until resume.'],
  examples: [{ command: 'pause web1', does: 'freeze web1' }],
  positionals: [id],
  async handler({ arguments: { id }, context }) {
    const { pause } = await import('../../container/pause.ts');
    await pause(await context(), id);
    return 0;
  },
});
