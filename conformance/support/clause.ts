/**
 * The words of RFC 2119 that the specification uses, as far as they bind anybody, and OPTIONAL, which marks every
 * field.
 */
export const levels = [
  'MUST',
  'MUST NOT',
  'REQUIRED',
  'SHOULD',
  'SHOULD NOT',
  'NOT RECOMMENDED',
  'MAY NOT',
  'OPTIONAL',
] as const;
export type Level = (typeof levels)[number];

/** One normative statement of the specification. */
export interface Clause {
  readonly id: string;
  /** `FILE.md#ANCHOR` of the section that states it. */
  readonly pointer: string;
  readonly level: Level;
  /** How many words of this level in that section say it; 0 when the section says it without one. */
  readonly times: number;
  /** What it demands, in our own words. */
  readonly says: string;
  /** Names of the tests that decide it; empty when `reason` says why none can. */
  readonly tests: readonly string[];
  readonly reason?: string;
}

/** Why no test decides a clause. */
export interface Undecidable {
  readonly reason: string;
}

export const because = (reason: string): Undecidable => ({ reason });

type ClauseDraft = Omit<Clause, 'pointer'>;

function draft(level: Level) {
  return (
    id: string,
    says: string,
    decided: readonly string[] | string | Undecidable,
    times = 1,
  ): ClauseDraft => {
    if (typeof decided === 'string') return { id, level, times, says, tests: [decided] };
    if ('reason' in decided) return { id, level, times, says, tests: [], reason: decided.reason };
    return { id, level, times, says, tests: decided };
  };
}

export const must = draft('MUST');
export const mustNot = draft('MUST NOT');
export const required = draft('REQUIRED');
export const should = draft('SHOULD');
export const shouldNot = draft('SHOULD NOT');
export const notRecommended = draft('NOT RECOMMENDED');
export const mayNot = draft('MAY NOT');
export const optional = draft('OPTIONAL');

/** The clauses of one section. */
export function section(pointer: string, clauses: readonly ClauseDraft[]): readonly Clause[] {
  return clauses.map((clause) => ({ ...clause, pointer }));
}
