import { MAXIMUM_BYTES, parseJson } from '../../bundle/parse-json.ts';
import { exec } from '../../container/exec.ts';
import { supervise } from '../../container/supervise.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import { execOptions, optionsWithoutEffect } from '../exec-options.ts';
import type { execShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof execShape> = async ({ arguments: { id }, values, rest, ...call }) => {
  const context = await call.context();
  const file = values.process;
  const process = file === undefined ? undefined : readProcess(context.host.native, file);
  const options = { ...execOptions(values, rest, process), relaysTerminal: true };
  const unused = file === undefined ? [] : optionsWithoutEffect(values);
  if (unused.length > 0) context.warn(`exec: ${unused.join(', ')} without effect beside --process`);
  const foreground = await exec(context, id, options);
  if (values.detach) return 0;
  call.flush();
  return supervise(context, foreground, { environment: [] });
};

function readProcess(native: Native, path: string): unknown {
  let content: Uint8Array;
  try {
    content = native.readFile(path, MAXIMUM_BYTES);
  } catch (cause) {
    throw new Failure('invalid', `read the process file "${path}": ${messageOf(cause)}`, { cause });
  }
  return parseJson(content, path);
}
