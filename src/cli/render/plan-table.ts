import type { Plan } from '../../plan/plan.ts';
import { columns } from './columns.ts';
import { planDetails } from './plan-details.ts';

const header = ['PHASE', 'OPERATION', 'FROM', 'DETAILS'];

/** A plan for people: one operation a line, in the order in which they happen, each with its place in config.json. */
export function planTable(plan: Plan): string {
  const slots = new Map<number, string>(plan.inherited.map((name, slot) => [slot, `<${name}>`]));
  const rows = plan.operations.map((operation) => {
    return [operation.phase, operation.kind, operation.from || '-', planDetails(operation, slots)];
  });
  return columns([header, ...rows], 0, 2);
}
