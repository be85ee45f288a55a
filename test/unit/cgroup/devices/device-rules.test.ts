import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  allowsEverything,
  deviceRules,
  isTotal,
  liveRules,
  sameRules,
} from '../../../../src/cgroup/devices/device-rules.ts';
import { allowed } from '../devices.ts';

const test = suite('device rules');
const pointer = '/linux/resources/devices';

test('deviceRules() allows the default devices whatever the configuration says', () => {
  for (const given of [[], [{ allow: false, access: 'rwm' }], [{ allow: false }]]) {
    const rules = deviceRules(given, pointer);
    const may = (major: number, minor: number, access: number, type: 'b' | 'c' = 'c') =>
      allowed(rules, { type, major, minor, access });
    for (const [major, minor] of [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 2],
      [10, 200],
      [136, 77],
    ] as const)
      assert.ok(may(major, minor, 7), `${major}:${minor}`);
    assert.ok(may(8, 0, 1, 'b'), 'mknod of anything');
    assert.ok(!may(8, 0, 2, 'b'), 'but not opening it');
    assert.ok(!may(5, 1, 2), "not the host's console");
    assert.ok(!may(1, 1, 4), 'not memory');
  }
});

test('deviceRules() reads absent numbers and -1 as all, absent access as all, empty access as nothing', () => {
  const rules = deviceRules(
    [
      { allow: true },
      { allow: true, type: 'c', major: -1, minor: 3, access: 'wr' },
      { allow: true, access: '' },
    ],
    pointer,
  ).filter((rule) => !rule.builtIn);
  assert.deepEqual(
    rules.map(({ type, major, minor, access, pointer }) => ({ type, major, minor, access, pointer })),
    [
      { type: 'a', major: undefined, minor: undefined, access: 7, pointer: `${pointer}/0` },
      { type: 'c', major: undefined, minor: 3, access: 6, pointer: `${pointer}/1` },
    ],
  );
});

test('liveRules() forgets what comes before the last total rule', () => {
  const rules = deviceRules(
    [{ allow: true, type: 'c', major: 9 }, { allow: false }, { allow: true }],
    pointer,
  );
  const live = liveRules(rules);
  assert.ok(live[0] !== undefined && isTotal(live[0]) && live[0].allow);
  assert.equal(live.length, rules.length - 2);
});

test('allowsEverything() is true only when no denial is left', () => {
  assert.ok(allowsEverything(deviceRules([{ allow: false }, { allow: true }], pointer)));
  assert.ok(!allowsEverything(deviceRules([], pointer)));
  assert.ok(!allowsEverything(deviceRules([{ allow: true }, { allow: false, type: 'b' }], pointer)));
});

test('sameRules() compares what lists mean', () => {
  const one = [{ allow: false }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }] as const;
  for (const same of [
    [{ allow: false, type: 'a', access: 'rwm' }, one[1]],
    [{ allow: true }, { allow: false, major: -1 }, { ...one[1], access: 'wr' }],
  ] as const)
    assert.equal(sameRules(one, same), true);
  for (const other of [[], [one[0]], [one[1], one[0]], [one[0], { ...one[1], minor: 230 }]])
    assert.equal(sameRules(one, other), false);
  assert.equal(sameRules(undefined, []), true);
});

test.run();
