import type { Process, Scheduler } from '../../spec/config.ts';
import type { Report } from './rule.ts';

const REAL_TIME = new Set<Scheduler['policy']>(['SCHED_FIFO', 'SCHED_RR']);

/** The kernel counts in whole microseconds below: 2^10 ns is its least runtime (sched(7), "SCHED_DEADLINE"). */
const LEAST_RUNTIME = 1024n;

/** Its times are signed on the inside. */
const TOO_LONG = 2n ** 63n;

/** sched_setattr(2): what each policy takes. */
export function checkScheduler({ scheduler }: Process, report: Report): void {
  if (scheduler === undefined) return;
  const { policy, nice = 0, priority = 0 } = scheduler;
  if (policy === 'SCHED_ISO')
    report('/scheduler/policy', 'SCHED_ISO is reserved: no Linux kernel implements it');
  if (nice < -20 || nice > 19) report('/scheduler/nice', `${nice} is not between -20 and 19`);
  if (REAL_TIME.has(policy)) {
    if (priority < 1 || priority > 99) {
      report('/scheduler/priority', `${priority} is not between 1 and 99, as ${policy} needs it`);
    }
  } else if (priority !== 0)
    report('/scheduler/priority', `${priority} must be 0 (or absent) with ${policy}`);
  checkDeadline(scheduler, report);
}

function checkDeadline(scheduler: Scheduler, report: Report): void {
  const { policy, runtime = 0, deadline = 0, period = 0 } = scheduler;
  if (policy !== 'SCHED_DEADLINE') {
    for (const field of ['runtime', 'deadline', 'period'] as const) {
      if (BigInt(scheduler[field] ?? 0) !== 0n)
        report(`/scheduler/${field}`, `is for SCHED_DEADLINE, the policy is ${policy}`);
    }
    return;
  }
  for (const field of ['deadline', 'period'] as const) {
    const value = BigInt(scheduler[field] ?? 0);
    if (value >= TOO_LONG)
      report(`/scheduler/${field}`, `${value} nanoseconds are more than the kernel counts`);
  }
  if (BigInt(runtime) < LEAST_RUNTIME)
    report('/scheduler/runtime', `${runtime} is less than ${LEAST_RUNTIME} nanoseconds`);
  if (runtime > deadline) report('/scheduler/runtime', `${runtime} is more than the deadline, ${deadline}`);
  if (BigInt(period) !== 0n && deadline > period) {
    report('/scheduler/deadline', `${deadline} is more than the period, ${period}`);
  }
}
