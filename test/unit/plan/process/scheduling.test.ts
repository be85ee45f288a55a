import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { execPlan } from '../../../../src/plan/exec-plan.ts';
import { schedulerFlags, schedulerPolicies } from '../../../../src/plan/process/scheduling.ts';
import { assertRefused } from '../../refusal.ts';
import { configOf, execRequest, operationsOf, planOf, rootFacts } from '../support.ts';

const test = suite('scheduling');

/** sched(7), linux/sched.h. */
const policies = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

for (const [policy, number] of Object.entries(policies) as [keyof typeof policies, number][]) {
  test(`planScheduling() ${policy}`, () => {
    const plan = planOf(configOf((config) => (config.process.scheduler = { policy, nice: -3, priority: 9 })));
    const [operation] = operationsOf(plan, 'scheduler');
    assert.equal(operation?.policy, number);
    assert.equal(operation?.nice, -3);
    assert.equal(operation?.priority, 9);
  });
}
assert.deepEqual(schedulerPolicies, policies);

test('planScheduling() adds flags up, and takes times as they are', () => {
  const flags = Object.keys(schedulerFlags) as (keyof typeof schedulerFlags)[];
  const plan = planOf(
    configOf((config) => {
      config.process.scheduler = { policy: 'SCHED_DEADLINE', flags, runtime: 1, deadline: 2, period: 3 };
    }),
  );
  const [operation] = operationsOf(plan, 'scheduler');
  assert.equal(operation?.flags, 0x7fn);
  assert.deepEqual([operation?.runtime, operation?.deadline, operation?.period], [1n, 2n, 3n]);
});

const priorities = { IOPRIO_CLASS_RT: 0x2000, IOPRIO_CLASS_BE: 0x4000, IOPRIO_CLASS_IDLE: 0x6000 } as const;
for (const [name, base] of Object.entries(priorities) as [keyof typeof priorities, number][]) {
  test(`planScheduling() ${name}`, () => {
    const plan = planOf(configOf((config) => (config.process.ioPriority = { class: name, priority: 5 })));
    assert.equal(operationsOf(plan, 'io-priority')[0]?.value, base | 5);
  });
}

const execWith = (execCPUAffinity?: { initial?: string; final?: string }) =>
  operationsOf(
    execPlan(
      { cwd: '/', args: ['x'], ...(execCPUAffinity && { execCPUAffinity }) },
      {},
      execRequest,
      rootFacts,
    ),
    'affinity',
  ).map(({ phase, mask, from }) => [phase, mask[0], from]);

const from = '/process/execCPUAffinity';
const rows: Readonly<Record<string, [Parameters<typeof execWith>[0], unknown[][]]>> = {
  'not given: all processors, whatever the caller has': [undefined, [['confine', 255, '']]],
  'initial alone: the kernel decides after the transition': [
    { initial: '1' },
    [['prepare', 2, `${from}/initial`]],
  ],
  final: [{ final: '0' }, [['confine', 1, `${from}/final`]]],
  both: [
    { initial: '1', final: '0-1' },
    [
      ['prepare', 2, `${from}/initial`],
      ['confine', 3, `${from}/final`],
    ],
  ],
  'empty texts: as if not given': [{ initial: '', final: '' }, [['confine', 255, '']]],
};
for (const [name, [affinity, expected]] of Object.entries(rows)) {
  test(`execCPUAffinity ${name}`, () => assert.deepEqual(execWith(affinity), expected));
}

test('execCPUAffinity that is no list is refused with its place', () =>
  assertRefused(() => execWith({ final: '9000' }), 'invalid', `${from}/final`, /9000/));

test('the first process has all processors, whatever the caller has', () =>
  assert.deepEqual(
    operationsOf(planOf(configOf()), 'affinity').map(({ mask }) => new Set(mask)),
    [new Set([255])],
  ));

test.run();
