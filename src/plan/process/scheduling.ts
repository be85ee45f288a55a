import { maximumCpus } from '../../spec/kernel-flags.ts';
import { listMask } from '../../spec/number-list.ts';
import type { PlanBuilder } from '../builder.ts';
import type { Phase } from '../operations.ts';
import type { ProcessCompilation } from './compilation.ts';

/** SCHED_* of sched(7). */
export const schedulerPolicies = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

/** SCHED_FLAG_* of sched_setattr(2). */
export const schedulerFlags = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
} as const;

const ioClasses = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;

/** ioprio_set(2) keeps the class above 13 bits of priority. */
const IOPRIO_CLASS_SHIFT = 13;

/** process.scheduler and process.ioPriority. */
export function planScheduling({ plan, process }: ProcessCompilation, phase: Phase): void {
  const scheduler = process.scheduler;
  if (scheduler !== undefined) {
    const flags = (scheduler.flags ?? []).reduce((sum, name) => sum | schedulerFlags[name], 0);
    plan.add(phase, '/process/scheduler', 'scheduler', {
      policy: schedulerPolicies[scheduler.policy],
      flags: BigInt(flags),
      nice: scheduler.nice ?? 0,
      priority: scheduler.priority ?? 0,
      runtime: BigInt(scheduler.runtime ?? 0),
      deadline: BigInt(scheduler.deadline ?? 0),
      period: BigInt(scheduler.period ?? 0),
    });
  }
  if (process.ioPriority !== undefined) {
    const { priority } = process.ioPriority;
    const value = (ioClasses[process.ioPriority.class] << IOPRIO_CLASS_SHIFT) | priority;
    plan.add(phase, '/process/ioPriority', 'io-priority', { value });
  }
}

/**
 * The process may run on these CPUs, or on all that its cpuset has: the caller's own affinity is not its business.
 */
export function planAffinity(
  plan: PlanBuilder,
  phase: Phase,
  list: string | undefined,
  pointer: string,
): void {
  plan.add(phase, pointer, 'affinity', {
    mask: list ? listMask(list, 'CPUs', maximumCpus, pointer) : new Uint8Array(maximumCpus / 8).fill(0xff),
  });
}
