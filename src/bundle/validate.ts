import type { Config, Features, Process, Resources, State } from './config.ts';
import { acceptConfig, acceptProcess, acceptResources } from './generated/accept.ts';

/** The documents that a schema exists for. */
export interface Documents {
  readonly Config: Config;
  readonly Process: Process;
  readonly Resources: Resources;
  readonly State: State;
  readonly Features: Features;
}

/** The quick validators; the documents that are not read on an engine's path have none. */
const ACCEPT: { readonly [K in keyof Documents]?: (value: unknown) => boolean } = {
  Config: acceptConfig,
  Process: acceptProcess,
  Resources: acceptResources,
};

/**
 * Proves that a parsed value has the shape of a document. The quick validator says yes to nearly everything that is right;
 * where it does not, the explaining one (a large module, loaded then) decides and names all that is wrong.
 *
 * A property that is null counts as absent: programs in Go write it for what they leave out, and read it so.
 *
 * Properties that the schema does not know are allowed (config.md, "Extensibility"): see `findUnknownProperties`.
 *
 * @param kind - Which document: `Config` (config.json), `Process` (exec --process), `Resources` (update), …
 * @param name - What a person calls it, for the message.
 * @throws InvalidDocument with every wrong field: where, what was there, what may be there, and what was probably meant.
 */
export async function validate<K extends keyof Documents>(
  kind: K,
  value: unknown,
  name: string,
): Promise<Documents[K]> {
  const accept = ACCEPT[kind];
  if (accept?.(value) === true) return value as Documents[K];
  const { withoutNulls } = await import('./without-nulls.ts');
  const meant = withoutNulls(kind, value);
  if (accept?.(meant) !== true) {
    const { explain } = await import('./explain.ts');
    explain(kind, meant, name);
  }
  return meant as Documents[K];
}
