import type { Clause } from '../support/clause.ts';

/** Every clause of the specification, document by document. */
export const clauses: readonly Clause[] = [];
