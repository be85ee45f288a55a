import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const resumeCommand = command({
  name: 'resume',
  summary: 'let a paused container go on',
  description: ['The opposite of pause.'],
  examples: [{ command: 'resume web1', does: 'let web1 go on' }],
  positionals: [id],
  async handler({ arguments: { id }, context }) {
    const { resume } = await import('../../container/resume.ts');
    await resume(await context(), id);
    return 0;
  },
});
