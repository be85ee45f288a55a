import type { Operation, OperationKind, Phase } from '../plan/operations.ts';
import type { Plan } from '../plan/plan.ts';

/**
 * What is remembered of an operation to explain its failure. Small and serialisable: the part of a plan that runs at `start`
 * is kept with the container's state, as `start` has no plan.
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

/** The field that tells best what an operation was about. */
const subjectFields = ['target', 'path', 'name', 'attribute', 'type'] as const;

function subjectOf(operation: Operation): string {
  if (operation.kind === 'execute') return operation.args[0] ?? '';
  if (operation.kind === 'find-executable') return operation.name;
  const fields = operation as unknown as Readonly<Record<string, unknown>>;
  for (const field of subjectFields) {
    const value = fields[field];
    if (typeof value === 'string') return value;
  }
  return '';
}

/** Of a mount's source, people know the destination: `mounts[3] (/data)`. The stub names the source in its text. */
function destinationOf(plan: Plan, operation: Operation): string | undefined {
  if (operation.kind !== 'open-tree') return undefined;
  const bind = plan.operations.find((each) => each.kind === 'bind' && each.from === operation.from);
  return bind?.kind === 'bind' ? bind.target : undefined;
}

/** The note of one operation. */
export function noteOf(plan: Plan, index: number): OperationNote | undefined {
  const operation = plan.operations[index];
  if (operation === undefined) return undefined;
  const { kind, phase, from } = operation;
  return { index, kind, phase, from, subject: destinationOf(plan, operation) ?? subjectOf(operation) };
}

/** Notes of everything that happens after `start` let the container go on. */
export function notesAfterStart(plan: Plan): OperationNote[] {
  const notes: OperationNote[] = [];
  for (let index = 0; index < plan.operations.length; index++) {
    if (notes.length === 0 && plan.operations[index]?.kind !== 'await-start') continue;
    const note = noteOf(plan, index);
    if (note !== undefined) notes.push(note);
  }
  return notes;
}
