import type { CgroupStep } from '../../cgroup/limits/step.ts';
import type { PlannedContainer } from '../../container/plan.ts';
import { type Operation, questions } from '../../plan/operations.ts';
import type { RuntimeMoment } from '../../plan/runtime-steps.ts';
import { columns } from './columns.ts';
import { narrowColumns } from './narrow-columns.ts';
import { fieldsText, planDetails } from './plan-details.ts';

const header = ['PHASE', 'OPERATION', 'FROM', 'DETAILS'];

/** A plan for people: one step a line, in the order in which they happen, each with its place in config.json. */
export function planTable(
  { limits, runtime, plan }: Omit<PlannedContainer, 'refused' | 'added'>,
  { width, wide = false }: { readonly width?: number | undefined; readonly wide?: boolean } = {},
): string {
  const slots = new Map<number, string>(plan.inherited.map((name, slot) => [slot, `<${name}>`]));
  const at = (moment: RuntimeMoment | undefined, phase: string): string[][] =>
    runtime
      .filter((step) => step.moment === moment)
      .map(({ operation, from, fields }) => [phase, operation, from, fieldsText(fields)]);
  const rows = plan.operations.flatMap((operation) => {
    const row = [operation.phase, operation.kind, operation.from || '-', planDetails(operation, slots)];
    return operation.kind === 'await' ? [row, ...at(asked(operation), operation.phase)] : [row];
  });
  const before = [...(wide ? limits.map(limitRow) : limitRows(limits)), ...at('before', 'prepare')];
  const all = [header, ...before, ...rows, ...at('start', 'start'), ...at('delete', 'delete')];
  if (width === undefined || wide) return columns(all, 0, 2);
  const { text, cut } = narrowColumns(all, width);
  return cut ? `${text}\n--wide shows what is cut.\n` : text;
}

/** The question that is answered by what the runtime does. */
function asked({ question }: Operation<'await'>): RuntimeMoment | undefined {
  const name = questions[question];
  return name === 'id-maps' || name === 'create-runtime' ? name : undefined;
}

/** The rules for the devices that every container has stand for one thing: they are one row. */
function limitRows(limits: readonly CgroupStep[]): string[][] {
  const isDefault = (step: CgroupStep): boolean =>
    step.kind === 'write' && step.controller === 'devices' && step.pointer === '/linux/resources/devices';
  const defaults = limits.filter(isDefault);
  return limits.flatMap((step) => {
    if (defaults.length < 2 || !isDefault(step)) return [limitRow(step)];
    if (step !== defaults[0]) return [];
    return [['cgroup', 'limit', step.pointer, `${defaults.length} default device rules`]];
  });
}

/** What is written to the container's cgroup before anybody enters it. */
function limitRow(step: CgroupStep): string[] {
  if (step.kind === 'write') return ['cgroup', 'limit', step.pointer, `${step.file} = ${step.value}`];
  const rules = `${step.rules.length} device rules as an eBPF program`;
  return ['cgroup', 'limit', step.pointer, rules];
}
