import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { accessTo, allowDevice, denyDevice } from '../../../../src/cgroup/devices/change-rules.ts';
import { deviceRules } from '../../../../src/cgroup/devices/device-rules.ts';
import type { DeviceRule } from '../../../../src/spec/config.ts';

const test = suite('rules of single devices');

const fuse = { type: 'c', major: 10, minor: 229 } as const;
const none: DeviceRule = { allow: false, access: 'rwm' };
const all: DeviceRule = { allow: true, access: 'rwm' };
const usable = (rules: readonly DeviceRule[]) => accessTo(deviceRules(rules, ''), fuse) & 6;

test('accessTo(): the last rule that says something decides, for each access', () => {
  const rows: readonly (readonly [readonly DeviceRule[], number])[] = [
    [[], 0],
    [[all], 6],
    [[all, none], 0],
    [[none, { allow: true, type: 'c', major: 10, access: 'r' }], 2],
    [[all, { allow: false, ...fuse, access: 'w' }], 2],
    [[{ allow: true, type: 'b', major: 10, minor: 229, access: 'rw' }], 0],
    [[{ allow: true, major: 10, minor: 229, access: 'w' }], 4],
  ];
  for (const [rules, wanted] of rows) assert.equal(usable(rules), wanted, JSON.stringify(rules));
});

test('allowDevice() adds a rule where one is missing', () => {
  assert.deepEqual(allowDevice([none], fuse, 'rw'), [none, { allow: true, ...fuse, access: 'rw' }]);
  assert.deepEqual(allowDevice([all], fuse, 'rwm'), [all]);
  const narrow: DeviceRule = { allow: true, ...fuse, access: 'r' };
  assert.deepEqual(allowDevice([narrow], fuse, 'r'), [narrow]);
  assert.equal(usable(allowDevice([narrow], fuse, 'w')), 6);
});

test('denyDevice() takes its own rules away, and denies what others allow', () => {
  const own: DeviceRule = { allow: true, ...fuse, access: 'rwm' };
  assert.deepEqual(denyDevice([none, own], fuse), [none]);
  assert.deepEqual(denyDevice([none], fuse), [none]);
  const wide: DeviceRule = { allow: true, type: 'c', major: 10, access: 'rwm' };
  const denied: DeviceRule = { allow: false, ...fuse, access: 'rwm' };
  for (const rules of [[all], [none, wide], [wide, own]]) {
    assert.equal(usable(rules), 6);
    assert.equal(usable(denyDevice(rules, fuse)), 0);
    assert.deepEqual(denyDevice(rules, fuse).at(-1), denied);
  }
});

test.run();
