import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import {
  type DeviceList,
  describe,
  deviceList,
  parseDeviceList,
} from '../../../../src/cgroup/devices/device-list.ts';
import { type DevicePolicyRule, deviceRules } from '../../../../src/cgroup/devices/device-rules.ts';
import { Failure } from '../../../../src/failure.ts';
import { deviceAccess } from '../../../../src/spec/devices.ts';
import { allowed, type Request, request, rule } from '../devices.ts';

const test = suite('device list (v1)');

/**
 * What the kernel does with a list (devices.rst): by default denied, one exception has to cover the whole request; by
 * default allowed, any exception that meets it refuses.
 */
function kernelAllows(list: DeviceList, { type, major, minor, access }: Request): boolean {
  const about = list.exceptions.filter(
    (exception) =>
      exception.type === type && (exception.major ?? major) === major && (exception.minor ?? minor) === minor,
  );
  if (list.defaultAllow) return !about.some((exception) => (exception.access & access) !== 0);
  return about.some((exception) => (exception.access & access) === access);
}

/** Opening a device asks for reading and writing, making its node for that alone. */
const isReal = ({ access }: Request): boolean => access === deviceAccess.m || (access & deviceAccess.m) === 0;

test('deviceList() gives the kernel the meaning of the rules, or refuses', () => {
  let held = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), fc.array(request, { minLength: 20 }), (rules, requests) => {
      let list: DeviceList;
      try {
        list = deviceList(rules);
      } catch (error) {
        assert.ok(error instanceof Failure && error.code === 'unsupported');
        refused++;
        return;
      }
      held++;
      for (const each of requests.filter(isReal))
        assert.equal(kernelAllows(list, each), allowed(rules, each));
    }),
    { numRuns: 1000 },
  );
  assert.ok(held > 100 && refused > 10, `held ${held}, refused ${refused}`);
});

test('deviceList() of an exception from an exception names the rule', () => {
  const rules = deviceRules(
    [{ allow: false }, { allow: true, type: 'c', major: 1 }, { allow: false, type: 'c', major: 1, minor: 1 }],
    '/devices',
  );
  assert.throws(
    () => deviceList(rules),
    (error) => error instanceof Failure && error.pointer === '/devices/2' && /c 1:1 rwm/.test(error.message),
  );
});

test('deviceList() of the default rules is what runc users find in devices.list', () => {
  const list = deviceList(deviceRules([], ''));
  assert.equal(list.defaultAllow, false);
  assert.deepEqual(list.exceptions.map(describe).sort(), [
    'b *:* m',
    'c *:* m',
    'c 10:200 rwm',
    'c 136:* rwm',
    'c 1:3 rwm',
    'c 1:5 rwm',
    'c 1:7 rwm',
    'c 1:8 rwm',
    'c 1:9 rwm',
    'c 5:0 rwm',
    'c 5:2 rwm',
  ]);
});

test('deviceList() shows rules as they were given, beside what everybody may make', () => {
  const rules = deviceRules(
    [{ allow: false }, { allow: true, type: 'b', major: 8, minor: 20, access: 'rw' }],
    '/devices',
  );
  const lines = deviceList(rules).exceptions.map(describe);
  assert.ok(lines.includes('b 8:20 rw') && lines.includes('b *:* m'), lines.join(', '));
});

test('parseDeviceList() reads what describe() writes', () => {
  const exceptions = deviceList(deviceRules([], '')).exceptions;
  const parsed = parseDeviceList(`${exceptions.map(describe).join('\n')}\n`);
  assert.deepEqual(parsed?.map(describe), exceptions.map(describe));
  assert.equal(parseDeviceList('a *:* rwm\n'), undefined);
  assert.deepEqual(parseDeviceList(''), []);
});

test('a list by default allowed keeps the denials', () => {
  const rules: DevicePolicyRule[] = deviceRules([{ allow: true }, { allow: false, type: 'b', major: 8 }], '');
  const list = deviceList(rules);
  assert.ok(list.defaultAllow);
  assert.deepEqual(list.exceptions.map(describe), ['b 8:* rw']);
});

test.run();
