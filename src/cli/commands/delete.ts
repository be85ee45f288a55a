import { command } from '../table/command.ts';
import { id, regex } from '../table/shared-options.ts';

export const deleteCommand = command({
  name: 'delete',
  summary: 'delete stopped containers',
  description: ['Removes its cgroup, its state and what is left of its mounts, and runs the poststop hooks.'],
  examples: [
    { command: 'delete web1', does: 'delete web1, which has stopped' },
    { command: 'delete --force web1 web2', does: 'delete two, and kill them first if need be' },
    { command: "delete --regex '^test-'", does: 'delete those whose names begin so' },
  ],
  habits: [[/^(?:v|volumes)$/, 'A runtime has no volumes to delete.']],
  options: [
    {
      name: 'force',
      alias: 'f',
      type: 'boolean',
      help: 'kill it first where it still runs; fine when it is gone already',
    },
    regex,
    {
      name: 'ended',
      type: 'boolean',
      help: 'its program has ended in the foreground: tell when that was for want of memory',
      hidden: true,
    },
  ],
  positionals: [id],
  rest: {
    value: 'CONTAINER-ID…',
    help: 'more containers to delete',
    begins: 'anywhere',
    complete: 'container',
  },
  async handler({ arguments: { id }, rest, values, context }) {
    const { remove } = await import('../../container/remove.ts');
    const opened = await context();
    const { force, ended } = values;
    if (rest.length === 0 && !values.regex) {
      await remove(opened, id, { force, ended });
      return 0;
    }
    const { forEachContainer, matchingContainers } = await import('../convert/matching-containers.ts');
    const words = [id, ...rest];
    const ids = values.regex
      ? (await Promise.all(words.map((word) => matchingContainers(opened, word)))).flat()
      : words;
    await forEachContainer(opened, ids, (each) => remove(opened, each, { force }));
    return 0;
  },
});
