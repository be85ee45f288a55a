import { MAXIMUM_BYTES, parseJson } from '../../bundle/parse-json.ts';
import { update } from '../../container/update.ts';
import { Failure, messageOf } from '../../failure.ts';
import { concatenate } from '../../host/concatenate.ts';
import type { Native } from '../../host/native.ts';
import { present } from '../present.ts';
import type { updateShape } from '../resource-shapes.ts';
import type { Handler } from '../table.ts';
import { updateResources } from '../update-options.ts';

export const handler: Handler<typeof updateShape> = async ({ arguments: { id }, values, context }) => {
  const opened = await context();
  const file = values.resources;
  const name = file === '-' ? 'standard input' : file;
  const named = updateResources(values);
  if (name !== undefined && Object.keys(named).length > 0)
    opened.warn(`update: options that name limits are without effect beside --resources`);
  const resources = name === undefined ? named : parseJson(read(opened.host.native, file ?? ''), name);
  const schemata = present({
    l3CacheSchema: values['l3-cache-schema'],
    memBwSchema: values['mem-bw-schema'],
  });
  await update(opened, id, { resources, name: name ?? 'update', ...schemata });
  return 0;
};

/** The whole of a file, or of standard input for `-`. */
function read(native: Native, file: string): Uint8Array {
  try {
    return file === '-' ? readInput(native) : native.readFile(file, MAXIMUM_BYTES);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const what = file === '-' ? 'standard input' : `"${file}"`;
    throw new Failure('invalid', `read the limits from ${what}: ${messageOf(cause)}`, { cause });
  }
}

function readInput(native: Native): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = native.read(0, 65536);
    if (piece.length === 0) break;
    length += piece.length;
    if (length > MAXIMUM_BYTES)
      throw new Failure('invalid', `standard input is longer than ${MAXIMUM_BYTES} bytes`);
    pieces.push(piece);
  }
  return concatenate(pieces);
}
