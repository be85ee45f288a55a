import { stringifyJson } from '../../bundle/json/stringify-json.ts';
import { Failure } from '../../failure.ts';
import { hasErrno } from '../../host/native.ts';
import { command } from '../table/command.ts';
import { bundle } from '../table/shared-options.ts';

export const specCommand = command({
  name: 'spec',
  summary: 'write a config.json to begin with',
  description: [
    'The config runs sh on a terminal in the directory rootfs, with usual mounts, namespaces and limits. An existing config.json is never overwritten.',
  ],
  examples: [
    { command: 'spec', does: 'write config.json into the current directory' },
    { command: 'spec --no-terminal', does: 'one for scripts and for the background, without a terminal' },
    { command: 'spec --rootless --bundle box', does: 'one that needs no root, into the directory box' },
  ],
  options: [
    bundle,
    {
      name: 'file',
      type: 'string',
      value: 'FILE',
      help: 'write this file instead, `-` for standard output',
      complete: 'file',
    },
    { name: 'rootless', type: 'boolean', help: 'write a config that an ordinary user can run' },
    {
      name: 'no-terminal',
      type: 'boolean',
      help: 'write one without a terminal, for scripts and for run --detach',
    },
  ],
  async handler({ values, context, print }) {
    const { defaultConfig, rootlessConfig, withoutTerminal } = await import('../../bundle/default-config.ts');
    const { native } = (await context()).host;
    const { bundle, rootless, file } = values;
    const whole = rootless ? rootlessConfig(native.userId(), native.groupId()) : defaultConfig();
    const config = values['no-terminal'] ? withoutTerminal(whole) : whole;
    const text = `${stringifyJson(config, 2)}\n`;
    if (file === '-') {
      print(text);
      return 0;
    }
    const path = file ?? `${bundle.replace(/\/+$/, '')}/config.json`;
    try {
      native.createFile(path, text, 0o644, false);
    } catch (cause) {
      if (!hasErrno(cause, 'EEXIST')) throw new Failure('system', `write "${path}"`, { cause });
      throw new Failure('exists', `"${path}" exists already and is not overwritten`, {
        hint: 'Remove it first, or name another directory with --bundle, another file with --file.',
      });
    }
    return 0;
  },
});
