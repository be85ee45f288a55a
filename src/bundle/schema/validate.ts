import { withoutNulls } from '../without-nulls.ts';
import type { Documents } from './documents.ts';
import { explain, hasShape } from './explain.ts';

/**
 * Proves that a parsed value has the shape of a document.
 *
 * One validator says yes and names what is wrong. A second, quick one was beside it: create took as long with it (300
 * times by turns, processor time: 10.58 ms without, 10.65 with; with a filter of 320 calls 12.27 and 12.19).
 *
 * A property that is null counts as absent: programs in Go write it for what they leave out, and read it so.
 *
 * Properties that the schema does not know are allowed (config.md, "Extensibility"): see `findUnknownProperties`.
 *
 * @param kind - Which document: `Config` (config.json), `Process` (exec --process), `Resources` (update), …
 * @param name - What a person calls it, for the message.
 * @throws InvalidDocument with every wrong field: where, what was there, what may be there, and what was probably
 * meant.
 */
export function validate<K extends keyof Documents>(kind: K, value: unknown, name: string): Documents[K] {
  if (hasShape(kind, value)) return value as Documents[K];
  const meant = withoutNulls(kind, value);
  explain(kind, meant, name);
  return meant as Documents[K];
}
