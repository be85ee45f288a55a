import type { Machine } from './machine.ts';

/** From harmless to what keeps containers from working. */
export const verdicts = ['ok', 'note', 'warning', 'problem'] as const;

/**
 * - `ok`: as it should be.
 * - `note`: something is not there that only some containers need.
 * - `warning`: containers work, with less than they could have.
 * - `problem`: containers of this user do not work.
 */
export type Verdict = (typeof verdicts)[number];

/** One thing that was looked at. */
export interface Answer {
  readonly verdict: Verdict;
  /** What was found. */
  readonly found: string;
  /** What follows from it for containers. */
  readonly means: string;
  /** The command, or the line of a file, that mends it. */
  readonly mend?: string;
}

/** One question to the machine. One file each in checks/. */
export interface Check {
  readonly name: string;
  /** What it looks at, for the list in docs/doctor.md. */
  readonly asks: string;
  look(machine: Machine): readonly Answer[] | Promise<readonly Answer[]>;
}

export const ok = (found: string, means: string): Answer => ({ verdict: 'ok', found, means });
export const note = (found: string, means: string, mend?: string): Answer => ({
  verdict: 'note',
  found,
  means,
  ...(mend !== undefined && { mend }),
});
export const warning = (found: string, means: string, mend: string): Answer => ({
  verdict: 'warning',
  found,
  means,
  mend,
});
export const problem = (found: string, means: string, mend: string): Answer => ({
  verdict: 'problem',
  found,
  means,
  mend,
});
