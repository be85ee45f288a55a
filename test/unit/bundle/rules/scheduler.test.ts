import { test } from 'uvu';
import type { Scheduler } from '../../../../src/spec/config.ts';
import { process, testRefused } from './rows.ts';

testRefused(
  [
    ...(
      [
        [{ policy: 'SCHED_ISO' }, 'policy'],
        [{ policy: 'SCHED_OTHER', nice: 20 }, 'nice'],
        [{ policy: 'SCHED_FIFO' }, 'priority'],
        [{ policy: 'SCHED_RR', priority: 100 }, 'priority'],
        [{ policy: 'SCHED_BATCH', priority: 1 }, 'priority'],
        [{ policy: 'SCHED_OTHER', period: 5n }, 'period'],
        [{ policy: 'SCHED_DEADLINE', runtime: 5, deadline: 5000 }, 'runtime'],
        [{ policy: 'SCHED_DEADLINE', runtime: 5000, deadline: 4000 }, 'runtime'],
        [{ policy: 'SCHED_DEADLINE', runtime: 5000, deadline: 6000, period: 5500 }, 'deadline'],
      ] as const satisfies readonly (readonly [Scheduler, keyof Scheduler])[]
    ).map(([scheduler, field]) => ({
      rule: 'scheduler',
      name: JSON.stringify(scheduler, (_key, value) => (typeof value === 'bigint' ? Number(value) : value)),
      config: process({ scheduler }),
      at: [`/process/scheduler/${field}`],
    })),
    {
      rule: 'scheduler',
      name: '+ a deadline',
      config: process({
        scheduler: { policy: 'SCHED_DEADLINE', runtime: 5000, deadline: 6000n, period: 7000 },
      }),
      at: [],
    },
  ],
  [{ name: 'scheduler' }],
);

test.run();
