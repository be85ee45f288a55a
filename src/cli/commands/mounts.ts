import { parseJson } from '../../bundle/json/parse-json.ts';
import { readDocument } from '../read-document.ts';
import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const mountsCommand = command({
  name: 'mounts',
  summary: 'mount into a container that exists, and take off again',
  description: [
    'FILE is a JSON list in the form of mounts in config.json, and the same rules hold for it; sources are relative to the bundle. add is all or ' +
      'nothing: when one mount fails, those before it are taken off again. Destinations that are missing are made, and stay. What only a new ' +
      'container can have is refused: procfs, cgroups, a remount, copy-symlink.',
    'remove looks at destinations alone. It takes off what add has mounted there, the last one of several, with all that is mounted below, and ' +
      'nothing else: what config.json has mounted stays. `tsoci plan --mounts FILE` shows the steps of add.',
  ],
  examples: [
    { command: 'mounts add web1 volumes.json', does: 'mount what volumes.json lists' },
    { command: 'mounts remove web1 volumes.json', does: 'take it off again' },
    {
      command:
        'mounts add web1 - <<< \'[{"destination":"/data","source":"/srv/data","options":["bind","ro"]}]\'',
      does: 'mount a directory of the host, read-only',
    },
  ],
  positionals: [
    { name: 'action', value: 'add|remove', required: true, help: 'what to do', choices: ['add', 'remove'] },
    id,
    {
      name: 'file',
      value: 'FILE',
      required: true,
      help: 'the list of mounts, or - for standard input',
      complete: 'file',
    },
  ],
  async handler({ arguments: { action, id, file }, context }) {
    const { addMounts, removeMounts } = await import('../../container/mounts.ts');
    const opened = await context();
    const name = file === '-' ? 'standard input' : file;
    const mounts = parseJson(readDocument(opened.host.native, file, 'the mounts'), name);
    await (action === 'add' ? addMounts : removeMounts)(opened, id, { mounts, name });
    return 0;
  },
});
