/**
 * The documents of the runtime specification as types, generated from schemas/ by scripts/generate-schemas.ts.
 *
 * Everything is readonly and closed: a document may hold properties beyond these (the specification demands that they
 * be ignored), and no code may count on them. 64-bit fields are `Integer64`: a `number` while exact, else a `bigint`.
 */
export type * from '../bundle/generated/config.ts';
