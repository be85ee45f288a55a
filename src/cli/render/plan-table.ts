import type { CgroupStep } from '../../cgroup/cgroup-step.ts';
import type { PlannedContainer } from '../../container/plan-for.ts';
import { type Operation, questions } from '../../plan/operations.ts';
import type { RuntimeMoment } from '../../plan/runtime-steps.ts';
import { columns } from './columns.ts';
import { fieldsText, planDetails } from './plan-details.ts';

const header = ['PHASE', 'OPERATION', 'FROM', 'DETAILS'];

/** A plan for people: one step a line, in the order in which they happen, each with its place in config.json. */
export function planTable({ limits, runtime, plan }: PlannedContainer): string {
  const slots = new Map<number, string>(plan.inherited.map((name, slot) => [slot, `<${name}>`]));
  const at = (moment: RuntimeMoment | undefined, phase: string): string[][] =>
    runtime
      .filter((step) => step.moment === moment)
      .map(({ operation, from, fields }) => [phase, operation, from, fieldsText(fields)]);
  const rows = plan.operations.flatMap((operation) => {
    const row = [operation.phase, operation.kind, operation.from || '-', planDetails(operation, slots)];
    return operation.kind === 'await' ? [row, ...at(asked(operation), operation.phase)] : [row];
  });
  const before = [...limits.map(limitRow), ...at('before', 'prepare')];
  return columns([header, ...before, ...rows, ...at('start', 'start'), ...at('delete', 'delete')], 0, 2);
}

/** The question that is answered by what the runtime does. */
function asked({ question }: Operation<'await'>): RuntimeMoment | undefined {
  const name = questions[question];
  return name === 'id-maps' || name === 'create-runtime' ? name : undefined;
}

/** What is written to the container's cgroup before anybody enters it. */
function limitRow(step: CgroupStep): string[] {
  if (step.kind === 'write') return ['cgroup', 'limit', step.pointer, `${step.file} = ${step.value}`];
  const rules = `${step.rules.length} device rules as an eBPF program`;
  return ['cgroup', 'limit', step.pointer, rules];
}
