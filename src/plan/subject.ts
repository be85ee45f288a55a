import { type Operation, type OperationKind, type OperationRow, operations } from './operations.ts';

/** What is said of a kind of operation, in the form that all rows have. */
export function rowOf(kind: OperationKind): OperationRow {
  return operations[kind];
}

/** What tells best what an operation was about: a path, a name, the first word of a list. */
export function subjectOf(operation: Operation): string | undefined {
  const { subject } = rowOf(operation.kind);
  if (subject === undefined) return undefined;
  const value = (operation as unknown as Readonly<Record<string, string | readonly string[]>>)[subject];
  return typeof value === 'object' ? value[0] : value;
}
