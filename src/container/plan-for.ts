import { controllersOf } from '../cgroup/cgroup-layout.ts';
import type { CgroupStep } from '../cgroup/cgroup-step.ts';
import { planResources } from '../cgroup/plan-resources.ts';
import type { Plan } from '../plan/plan.ts';
import { type RuntimeStep, runtimeSteps } from '../plan/runtime-steps.ts';
import { prepare } from './prepare.ts';
import type { Context, CreateOptions } from './types.ts';

/** Everything that a container would do to the machine: its cgroup's limits, what the runtime does itself, the stub's operations. */
export interface PlannedContainer {
  readonly limits: readonly CgroupStep[];
  readonly runtime: readonly RuntimeStep[];
  readonly plan: Plan;
}

/**
 * `plan`: what creating a container of this bundle would do, operation by operation. Needs no root, changes nothing.
 *
 * Throws `Failure` for everything that would make `create` refuse before it does anything.
 */
export async function planFor(context: Context, options: CreateOptions): Promise<PlannedContainer> {
  const { bundle, layout, plan, close } = await prepare(context, options, { waits: true, ownTerminal: true });
  close();
  const { steps } = planResources(controllersOf(layout), bundle.config.linux?.resources, {
    pointer: '/linux/resources',
  });
  return { limits: steps, runtime: runtimeSteps(bundle.config), plan };
}
