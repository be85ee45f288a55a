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

/** What a filter has to allow where there are startContainer hooks, besides what they need themselves. */
export const filteredHooks =
  "startContainer hooks run with the container's capabilities and behind its system call filter, which must let a process be started: clone, pipe2, dup2 or dup3, poll or ppoll, wait4, execve";

/** Why a process that says nothing any more may have died, as far as its plan tells. */
export function deathHint(operations: readonly Pick<OperationNote, 'kind'>[]): string | undefined {
  let hooks = false;
  let filter = false;
  for (const { kind } of operations) {
    filter ||= kind === 'seccomp';
    hooks ||= filter && kind === 'hook';
  }
  return hooks ? filteredHooks : undefined;
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
