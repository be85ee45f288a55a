import { defaultConfig, rootlessConfig, withoutTerminal } from '../../bundle/default-config.ts';
import { stringifyJson } from '../../bundle/stringify-json.ts';
import { Failure } from '../../failure.ts';
import { hasErrno } from '../../host/native.ts';
import type { specShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof specShape> = async ({ values, context }) => {
  const { native } = (await context()).host;
  const { bundle, rootless } = values;
  const whole = rootless ? rootlessConfig(native.userId(), native.groupId()) : defaultConfig();
  const config = values['no-terminal'] ? withoutTerminal(whole) : whole;
  const path = `${bundle.replace(/\/+$/, '')}/config.json`;
  try {
    native.createFile(path, `${stringifyJson(config, 2)}\n`, 0o644, false);
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST')) throw new Failure('system', `write "${path}"`, { cause });
    throw new Failure('exists', `"${path}" exists already and is not overwritten`, {
      hint: 'Remove it first, or name another directory with --bundle.',
    });
  }
  return 0;
};
