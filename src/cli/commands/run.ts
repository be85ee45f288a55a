import { command } from '../table/command.ts';
import { detach, newId } from '../table/shared-options.ts';
import { createOptions, createRows } from './create.ts';

export const runCommand = command({
  name: 'run',
  summary: 'create and start a container, and wait for it',
  description: [
    "Signals and the terminal are passed on, and the exit status is the program's (128 and the signal's number when one killed " +
      'it). The container is deleted at the end unless --keep is given. With --detach the program stays in the background, and what it prints ' +
      'still goes to the streams of whoever called: --output names a file instead.',
    'With NOTIFY_SOCKET in the environment the container may say READY=1 (sd_notify(3)), which is passed on; with --detach that is waited for.',
  ],
  examples: [
    { command: 'run --bundle /srv/web web1', does: 'run web1 in the foreground' },
    {
      command: 'run --detach --output web1.log web1',
      does: 'run it in the background, with its output in a file',
    },
    { command: 'run --trace start.json web1', does: 'and write where the time of its start went' },
  ],
  habits: [
    [
      /^i$/,
      "Standard input is the program's without asking, and config.json says whether it has a terminal: process.terminal.",
    ],
    [/^interactive$/, "Standard input is the program's without asking."],
    [/^(?:t|tty)$/, 'config.json says whether the program has a terminal: process.terminal.'],
    [/^rm$/, 'The container is deleted at the end anyway, unless --keep is given.'],
    [/^name$/, 'The name is the last word, as in "tsoci run web1".'],
    [/^(?:v|volume)$/, 'config.json says what is mounted: mounts.'],
    [/^(?:e|env)$/, 'The environment is in config.json: process.env.'],
    [/^(?:p|publish)$/, 'A runtime publishes no ports: whoever sets up the network namespace does.'],
  ],
  handsOnStreams: true,
  options: [
    ...createRows,
    detach,
    { name: 'keep', type: 'boolean', help: 'keep the stopped container instead of deleting it' },
    { name: 'no-subreaper', type: 'boolean', help: 'accepted and without effect', hidden: true },
  ],
  positionals: [newId],
  async handler({ arguments: { id }, values, ...call }) {
    const { run } = await import('../../container/run.ts');
    const { detach, keep } = values;
    const context = await call.context();
    const container = await run(context, {
      ...createOptions(context, id, values),
      relaysTerminal: true,
      detach,
      keep,
    });
    if (detach) return 0;
    const { superviseContainer } = await import('../foreground.ts');
    return superviseContainer(call, context, container, { id, keep });
  },
});
