/** Tests also: src/bundle/shape.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { withoutNulls } from '../../../src/bundle/without-nulls.ts';

const test = suite('withoutNulls()');

const rows: Readonly<Record<string, readonly [given: unknown, kept: unknown]>> = {
  'a property': [{ ociVersion: '1.3.0', process: null }, { ociVersion: '1.3.0' }],
  'a property of an object that is referred to': [
    { linux: { resources: { memory: null, cpu: { shares: null, cpus: '0' } } } },
    { linux: { resources: { cpu: { cpus: '0' } } } },
  ],
  'a property in a list': [
    { mounts: [{ destination: '/a', options: null }, { destination: '/b' }] },
    { mounts: [{ destination: '/a' }, { destination: '/b' }] },
  ],
  'a property of a map’s value': [
    { linux: { netDevices: { eth0: { name: null }, eth1: { name: 'x' } } } },
    { linux: { netDevices: { eth0: {}, eth1: { name: 'x' } } } },
  ],
};
for (const [what, [given, kept]] of Object.entries(rows))
  test(`${what} that is null is absent`, () => {
    const before = structuredClone(given);
    assert.deepEqual(withoutNulls('Config', given), kept);
    assert.deepEqual(given, before, 'what was given is not changed');
  });

const stay: Readonly<Record<string, unknown>> = {
  'an element of a list': { process: { args: ['sh', null] } },
  'a value of a map': { annotations: { a: null } },
  'what nobody knows': { unknown: null, more: { unknown: null } },
  'a name of every object': { toString: null, constructor: null },
};
for (const [what, given] of Object.entries(stay))
  test(`${what} that is null stays, to be refused`, () => {
    assert.equal(withoutNulls('Config', given), given, 'and nothing is copied');
  });

test('what holds no null is the same, and so are its neighbours in what does', () => {
  const mounts = [{ destination: '/a', options: ['ro'] }];
  const whole = { mounts, linux: { sysctl: { a: '1' } } };
  assert.equal(withoutNulls('Config', whole), whole);
  const changed = withoutNulls('Config', { mounts, hooks: null }) as typeof whole;
  assert.equal(changed.mounts, mounts);
});

test('a document that is none is given back, and so is one of an unknown kind', () => {
  for (const value of [null, undefined, 'text', 7, []]) assert.equal(withoutNulls('Config', value), value);
  const unknown = { a: null };
  assert.equal(withoutNulls('NoSuchKind', unknown), unknown);
});

test('each kind is read by its own schema', () => {
  assert.deepEqual(withoutNulls('Resources', { memory: null, pids: { limit: 1 } }), { pids: { limit: 1 } });
  const process = { memory: null };
  assert.equal(withoutNulls('Process', process), process);
});

test.run();
