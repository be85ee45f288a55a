/** Stands before the digits of a bigint in a string that nothing else can be: `parseJson` lets no NUL pass. */
const MARK = '\0bigint:';
const MARKED = /"\\u0000bigint:(-?\d+)"/g;

/**
 * JSON.stringify for documents of `parseJson`: a `bigint` is written as the integer that it is.
 *
 * @param indent - Spaces for each level; absent writes one line.
 */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Nearly always there is no bigint; where there is one, JSON.stringify throws this.
    if (!(error instanceof TypeError)) throw error;
    const mark = (_key: string, inner: unknown): unknown =>
      typeof inner === 'bigint' ? `${MARK}${inner}` : inner;
    return JSON.stringify(value, mark, indent).replace(MARKED, '$1');
  }
}
