import { MAXIMUM_BYTES } from '../bundle/json/parse-json.ts';
import { Failure, messageOf } from '../failure.ts';
import { concatenate } from '../host/concatenate.ts';
import type { Native } from '../host/native.ts';

/** The whole of a file, or of standard input for `-`. `what` says for messages what was wanted of it. */
export function readDocument(native: Native, file: string, what: string): Uint8Array {
  try {
    return file === '-' ? readInput(native) : native.readFile(file, MAXIMUM_BYTES);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const from = file === '-' ? 'standard input' : `"${file}"`;
    throw new Failure('invalid', `read ${what} from ${from}: ${messageOf(cause)}`, { cause });
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
