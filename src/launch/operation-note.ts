import { filteredHooks } from '../plan/operations/row.ts';
import type { Operation, OperationKind, Phase } from '../plan/operations.ts';
import type { Plan } from '../plan/plan.ts';
import { rowOf, subjectOf } from '../plan/subject.ts';

/**
 * What is remembered of an operation to explain its failure. Small and serialisable: the part of a plan that runs at
 * `start` is kept with the container's state, as `start` has no plan.
 */
export interface OperationNote {
  /** Index in the plan. */
  readonly index: number;
  readonly kind: OperationKind;
  readonly phase: Phase;
  readonly from: string;
  /** What it works on: a path, a name, a value. */
  readonly subject: string;
}

/** Why a process that says nothing any more may have died, as far as its plan tells. */
export function deathHint(operations: readonly Pick<OperationNote, 'kind'>[]): string | undefined {
  const filter = operations.findIndex(({ kind }) => kind === 'seccomp');
  const hooked = operations.some(({ kind }, index) => kind === 'hook' && filter >= 0 && index > filter);
  return hooked ? filteredHooks : undefined;
}

/** Of a mount's source, people know the destination: `mounts[3] (/data)`. The stub names the source in its text. */
function betterKnown(plan: Plan, { kind, from }: Operation): string | undefined {
  const { knownAs } = rowOf(kind);
  const other = plan.operations.find((each) => each.kind === knownAs && each.from === from);
  return other && subjectOf(other);
}

/** The note of one operation. */
export function noteOf(plan: Plan, index: number): OperationNote | undefined {
  const operation = plan.operations[index];
  if (operation === undefined) return undefined;
  const { kind, phase, from } = operation;
  return { index, kind, phase, from, subject: betterKnown(plan, operation) ?? subjectOf(operation) ?? '' };
}

/** Notes of everything that happens after `start` let the container go on. */
export function notesAfterStart(plan: Plan): OperationNote[] {
  const first = plan.operations.findIndex(({ kind }) => kind === 'await-start');
  if (first < 0) return [];
  return plan.operations.slice(first).flatMap((_, index) => noteOf(plan, first + index) ?? []);
}
