import { findingText } from '../bundle/finding.ts';
import { findUnknownProperties } from '../bundle/schema/unknown-properties.ts';
import type { Context } from './types.ts';

/**
 * Unknown properties are ignored, as the specification demands. One that looks like a slip of the keyboard is told
 * all the same, whatever else is kept quiet: a `noNewPrivilege` that does nothing is worse than a line too many. The
 * others are for whoever looks closely.
 *
 * @param kind - Name of a definition of schemas/, such as `Config`.
 */
export function tellUnknown(context: Context, kind: string, document: unknown): void {
  for (const property of findUnknownProperties(kind, document)) {
    if (property.guess !== undefined) context.warn(findingText(property), 'always');
    else context.debug?.(findingText(property));
  }
}
