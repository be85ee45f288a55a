import type { PlanBuilder } from '../builder.ts';
import type { Phase } from '../operations.ts';

/**
 * Opens a procfs for the writes of one place in the plan, and gives its slot. Each place has its own, which ends with
 * its last reader: what is opened before the clone shows the caller's processes, and must not be open behind it.
 * `processes` alone, without kernel parameters, is all that most need.
 */
export function openProc(
  plan: PlanBuilder,
  phase: Phase,
  from: string,
  what: 'processes' | 'parameters',
): number {
  const slot = plan.slot();
  plan.add(phase, from, 'open-proc', { slot, processes: what === 'processes' });
  return slot;
}
