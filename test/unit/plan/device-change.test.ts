/** Tests also: src/plan/inside-plan.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { deviceChangePlan } from '../../../src/plan/device-change.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import { slotProblems } from './plan-problems.ts';

const test = suite('deviceChangePlan()');

const device = { path: '/dev/x/../mine', type: 'c', major: 10, minor: 229, fileMode: 0o640, gid: 5 } as const;
const add = { change: 'add', device, source: '/dev/fuse' } as const;
const remove = { ...add, change: 'remove' } as const;
const root = { rootless: false, makesDevices: true };
const ordinary = { rootless: true, makesDevices: false };
const plain = { namespaces: ['pid', 'mount'], root: undefined, mapsRoot: true, noSetGroups: false };
const mapped = { namespaces: ['user', 'pid', 'mount'], root: undefined, mapsRoot: true, noSetGroups: false };

const kinds = (plan: Plan): string[] => plan.operations.map(({ phase, kind }) => `${phase} ${kind}`);

function checked(plan: Plan): Plan {
  assert.deepEqual(slotProblems(plan), []);
  assert.ok(encodePlan(plan, { trace: false }).length > 0);
  return plan;
}

test('a node is made from inside, in a place that is free', () => {
  const plan = checked(deviceChangePlan(add, plain, root));
  assert.deepEqual(kinds(plan), [
    'namespaces join-slot',
    'rootfs open-path',
    'rootfs device',
    'confine finish',
  ]);
  const made = plan.operations[2] as unknown as Record<string, unknown>;
  assert.deepEqual(
    ['path', 'mode', 'major', 'minor', 'uid', 'gid', 'fresh'].map((name) => made[name]),
    ['/dev/mine', 0o020640, 10, 229, 0, 5, true],
  );
});

test("in a user namespace the host's own is bound, opened before the namespace is entered", () => {
  assert.deepEqual(kinds(checked(deviceChangePlan(add, mapped, root))), [
    'prepare open-device',
    'namespaces join-slot',
    'ids become',
    'rootfs open-path',
    'rootfs bind',
    'confine finish',
  ]);
});

test('an ordinary user clones it in a mount namespace of its own', () => {
  assert.deepEqual(kinds(checked(deviceChangePlan(add, mapped, ordinary))), [
    'namespaces join-slot',
    'namespaces unshare',
    'namespaces open-device',
    'namespaces join-slot',
    'ids become',
    'rootfs open-path',
    'rootfs bind',
    'confine finish',
  ]);
});

test('removal opens nothing of the host', () => {
  for (const container of [plain, mapped])
    assert.deepEqual(kinds(checked(deviceChangePlan(remove, container, root))), [
      'namespaces join-slot',
      ...(container === mapped ? ['ids become'] : []),
      'rootfs open-path',
      'rootfs remove-device',
      'confine finish',
    ]);
});

test('without a root in its user namespace nobody becomes it', () => {
  const rootless = { ...mapped, mapsRoot: false, noSetGroups: true };
  assert.ok(!kinds(checked(deviceChangePlan(add, rootless, ordinary))).includes('ids become'));
});

test('a container in the mount namespace of others is reached by its root directory', () => {
  const shared = { namespaces: ['pid'], root: '/proc/7/root', mapsRoot: true, noSetGroups: false };
  const joined = { namespaces: ['pid', 'mount'], root: '/proc/7/root', mapsRoot: true, noSetGroups: false };
  assert.deepEqual(kinds(checked(deviceChangePlan(add, shared, root))), [
    'prepare open-path',
    'namespaces close-slot',
    'rootfs device',
    'confine finish',
  ]);
  assert.equal(kinds(checked(deviceChangePlan(add, joined, root)))[1], 'namespaces join-slot');
});

test('a pipe is made and removed anywhere, and has no numbers', () => {
  const pipe = { path: '/dev/pipe', type: 'p', major: 7, minor: 8 } as const;
  for (const container of [plain, mapped])
    for (const [change, kind] of [
      ['add', 'device'],
      ['remove', 'remove-device'],
    ] as const) {
      const plan = checked(
        deviceChangePlan({ change, device: pipe, source: undefined }, container, ordinary),
      );
      const operation = plan.operations.find((each) => each.kind === kind) as unknown as Record<
        string,
        unknown
      >;
      assert.deepEqual([operation['major'], operation['minor']], [0, 0]);
      assert.ok(!kinds(plan).some((each) => each.endsWith('open-device')));
    }
});

test.run();
