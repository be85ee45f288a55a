import { command } from '../table/command.ts';

export const featuresCommand = command({
  name: 'features',
  summary: 'print what this runtime can do as JSON',
  description: ["The form is the runtime specification's features structure."],
  examples: [{ command: 'features', does: 'print it' }],
  async handler({ context, print }) {
    const { features } = await import('../../container/features.ts');
    print(`${JSON.stringify(await features(await context()), null, 2)}\n`);
    return 0;
  },
});
