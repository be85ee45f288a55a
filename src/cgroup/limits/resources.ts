import type { Resources } from '../../spec/config.ts';
import { planBlockIo } from './block-io.ts';
import { planCpu } from './cpu.ts';
import { planDevices } from './devices.ts';
import { type Controllers, PlanDraft, type PresentLimits } from './draft.ts';
import { planHugepages } from './hugepages.ts';
import { planMemory } from './memory.ts';
import { planNetwork } from './network.ts';
import { planPids } from './pids.ts';
import { planRdma } from './rdma.ts';
import type { CgroupStep } from './step.ts';
import { planUnified } from './unified.ts';

export interface PlanOptions {
  /** JSON pointer of the resources: `/linux/resources`, or empty for the document of `update`. */
  readonly pointer: string;
  /** Given when a cgroup in use is changed; absent for one that was just made. */
  readonly present?: PresentLimits;
}

export interface ResourcePlan {
  /** To be done in this order. */
  readonly steps: readonly CgroupStep[];
  /** Sentences for the person: fields that are accepted and have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Translates `linux.resources` into the writes that put them in force: pure, the same input gives the same list.
 *
 * A new cgroup always gets device rules (config-linux.md, "Allowed Device list": the default ones when there are
 * none); one that is being changed gets them only when they are given.
 * @throws Failure `unsupported` for a field that cannot be honoured here, `invalid` for values that contradict each
 * other
 */
export function planResources(
  controllers: Controllers,
  resources: Resources | undefined,
  options: PlanOptions,
): ResourcePlan {
  const draft = new PlanDraft(controllers, options.present);
  const { pointer } = options;
  const { devices, cpu, memory, pids, blockIO, hugepageLimits, network, rdma, unified } = resources ?? {};
  if (devices !== undefined || options.present === undefined)
    planDevices(draft, devices ?? [], `${pointer}/devices`, devices !== undefined);
  if (cpu !== undefined) planCpu(draft, cpu, `${pointer}/cpu`);
  if (memory !== undefined) planMemory(draft, memory, `${pointer}/memory`);
  if (pids !== undefined) planPids(draft, pids, `${pointer}/pids`);
  if (blockIO !== undefined) planBlockIo(draft, blockIO, `${pointer}/blockIO`);
  if (hugepageLimits !== undefined) planHugepages(draft, hugepageLimits, `${pointer}/hugepageLimits`);
  if (network !== undefined) planNetwork(draft, network, `${pointer}/network`);
  if (rdma !== undefined) planRdma(draft, rdma, `${pointer}/rdma`);
  // last, so that it has the last word about a file
  if (unified !== undefined) planUnified(draft, unified, `${pointer}/unified`);
  return { steps: draft.steps, warnings: draft.warnings };
}
