import { containerTable } from '../render/container-table.ts';
import { command } from '../table/command.ts';
import { format } from '../table/shared-options.ts';

export const listCommand = command({
  name: 'list',
  summary: 'list the containers under the root directory',
  description: ['Containers of another root directory are seen with the global option --root.'],
  examples: [
    { command: 'list', does: 'a table of all containers' },
    {
      command: '--root /run/containerd/runc/k8s.io list -q',
      does: 'only the ids, of another root directory',
    },
  ],
  options: [format, { name: 'quiet', alias: 'q', type: 'boolean', help: 'print ids only' }],
  async handler({ values, context, print }) {
    const { list } = await import('../../container/list.ts');
    const containers = await list(await context());
    if (values.quiet) print(containers.map(({ id }) => `${id}\n`).join(''));
    else if (values.format === 'json') print(`${JSON.stringify(containers)}\n`);
    else print(containerTable(containers));
    return 0;
  },
});
