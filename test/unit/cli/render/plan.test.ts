import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { CgroupStep } from '../../../../src/cgroup/limits/step.ts';
import { planDetails } from '../../../../src/cli/render/plan-details.ts';
import { type PlanStep, planDocument } from '../../../../src/cli/render/plan-document.ts';
import { planTable } from '../../../../src/cli/render/plan-table.ts';
import {
  NO_SLOT,
  type Operation,
  operationKinds,
  operations,
  wireFields,
} from '../../../../src/plan/operations.ts';
import type { Plan } from '../../../../src/plan/plan.ts';

const test = suite('plan');

const steps: readonly Operation[] = [
  {
    kind: 'open-tree',
    phase: 'prepare',
    from: '/mounts/1',
    slot: 1,
    path: '/srv/my data',
    recursive: true,
    noFollow: false,
  },
  { kind: 'clone', phase: 'namespaces', from: '/linux/namespaces', flags: 0x2002_0000n, cgroup: NO_SLOT },
  {
    kind: 'bind',
    phase: 'rootfs',
    from: '/mounts/1',
    root: 0,
    directory: NO_SLOT,
    target: '/data',
    noFollow: false,
    tree: 1,
    set: 1 | 2,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 1 << 18,
    propagationRecursive: true,
  },
  {
    kind: 'rlimit',
    phase: 'confine',
    from: '/process/rlimits/0',
    resource: 7,
    soft: 1024n,
    hard: 0xffff_ffff_ffff_ffffn,
  },
  {
    kind: 'capabilities',
    phase: 'identity',
    from: '/process/capabilities',
    effective: 1n,
    permitted: 0n,
    inheritable: 0n,
    ambient: 0n,
  },
  {
    kind: 'seccomp',
    phase: 'seal',
    from: '/linux/seccomp',
    flags: 0,
    filter: new Uint8Array([1, 2, 3]),
    listener: NO_SLOT,
  },
  {
    kind: 'execute',
    phase: 'exec',
    from: '/process/args',
    args: ['sh', '-c', 'echo hi'],
    environment: [],
    preserve: 0,
  },
];
const plan: Plan = { operations: steps, inherited: ['start-socket'], slots: 2, preserve: 0, questions: [] };

const limits: readonly CgroupStep[] = [
  {
    kind: 'write',
    hierarchy: 'v1',
    controller: 'pids',
    file: 'pids.max',
    value: '32',
    pointer: '/linux/resources/pids/limit',
  },
];

test('planTable() begins with the limits of the cgroup', () => {
  const [, first] = planTable({ limits, runtime: [], plan }).split('\n');
  assert.match(first ?? '', /^cgroup +limit +\/linux\/resources\/pids\/limit +pids\.max = 32$/);
});

test('planTable() names the place in config.json and says numbers in words', () => {
  const table = planTable({ limits: [], runtime: [], plan });
  assert.match(table, /^PHASE +OPERATION +FROM +DETAILS\n/);
  assert.match(table, /^prepare +open-tree +\/mounts\/1 +path="\/srv\/my data"/m);
  assert.match(table, /^namespaces +clone +\/linux\/namespaces +flags=mount,pid$/m);
  assert.match(
    table,
    /bind +\/mounts\/1 +target=\/data tree=<\/srv\/my data> set=rdonly,nosuid propagation=private propagationRecursive$/m,
  );
  assert.match(table, /resource=RLIMIT_NOFILE soft=1024 hard=unlimited/);
  assert.match(table, /effective=CHOWN permitted=none/);
  assert.match(table, /filter=3 bytes/);
  assert.match(table, /args=\[sh -c "echo hi"\]/);
  assert.equal(table.split('\n').length, steps.length + 2);
});

test('planDetails() says what may stand in for a mount by its name, and nothing where nothing may', () => {
  const mount = (instead: string, insteadType: number) =>
    planDetails({ ...anyOperation('mount', 0), instead, insteadType } as Operation, new Map());
  assert.match(mount('/sys', 0x62656572), / instead=\/sys insteadType=sysfs/);
  assert.match(mount('/x', 0x1234), / insteadType=0x1234/);
  assert.doesNotMatch(mount('', 0), /insteadType/);
});

/** An operation of a kind with fields of no particular meaning. */
function anyOperation(kind: Operation['kind'], number: number): Operation {
  const values = {
    bool: number % 2 === 1,
    u32: number,
    i32: -number,
    u64: BigInt(number),
    string: 'x y',
    strings: ['a', 'b c'],
    words: [number],
    bytes: new Uint8Array(4),
    slot: NO_SLOT,
    fills: 3,
  };
  const fields = Object.entries(wireFields[kind]).map(([name, type]) => [name, values[type]]);
  return { kind, phase: 'rootfs', from: '', ...Object.fromEntries(fields) } as Operation;
}

test('every operation of the table can be shown', () => {
  for (const kind of operationKinds) {
    for (const number of [0, 1, 2, 0x7fff_ffff]) {
      const details = planDetails(anyOperation(kind, number), new Map());
      assert.doesNotMatch(details, /undefined|NaN|\[object|\n/, `${kind}: ${details}`);
    }
  }
});

test('planDocument() is JSON with every field of every operation', () => {
  const operations_ = operationKinds.map((kind) => anyOperation(kind, 5));
  const copy = JSON.parse(
    JSON.stringify(planDocument({ limits, runtime: [], plan: { ...plan, operations: operations_ } })),
  ) as {
    operations: PlanStep[];
  };
  assert.deepEqual(
    copy.operations.map(({ operation }) => operation),
    operationKinds,
  );
  for (const { operation, fields } of copy.operations) {
    assert.deepEqual(Object.keys(fields), Object.keys(operations[operation as Operation['kind']].fields));
  }
  const [, cloned, , limit] = (planDocument({ limits, runtime: [], plan }) as { operations: PlanStep[] })
    .operations;
  assert.equal(cloned?.fields['flags'], 0x2002_0000);
  assert.equal(limit?.fields['hard'], '18446744073709551615');
});

test.run();
