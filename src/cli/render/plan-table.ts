import type { CgroupStep } from '../../cgroup/cgroup-step.ts';
import type { PlannedContainer } from '../../container/plan-for.ts';
import { columns } from './columns.ts';
import { planDetails } from './plan-details.ts';

const header = ['PHASE', 'OPERATION', 'FROM', 'DETAILS'];

/** A plan for people: one operation a line, in the order in which they happen, each with its place in config.json. */
export function planTable({ limits, plan }: PlannedContainer): string {
  const slots = new Map<number, string>(plan.inherited.map((name, slot) => [slot, `<${name}>`]));
  const rows = plan.operations.map((operation) => {
    return [operation.phase, operation.kind, operation.from || '-', planDetails(operation, slots)];
  });
  return columns([header, ...limits.map(limitRow), ...rows], 0, 2);
}

/** What is written to the container's cgroup before anybody enters it. */
function limitRow(step: CgroupStep): string[] {
  if (step.kind === 'write') return ['cgroup', 'limit', step.pointer, `${step.file} = ${step.value}`];
  const rules = `${step.rules.length} device rules as an eBPF program`;
  return ['cgroup', 'limit', step.pointer, rules];
}
