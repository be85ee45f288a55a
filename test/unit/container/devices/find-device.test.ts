import { strict as assert } from 'node:assert';
import { statSync } from 'node:fs';
import { suite } from 'uvu';
import { findDevice, hostNode } from '../../../../src/container/devices/find-device.ts';
import { Failure } from '../../../../src/failure.ts';
import { native } from '../support.ts';

const test = suite('findDevice()');

test('a node of the host gives its numbers, mode and owner', () => {
  const { numbers, path, source, access, owner } = findDevice(native, '/dev/null:/dev/mine');
  assert.deepEqual(numbers, { type: 'c', major: 1, minor: 3 });
  assert.deepEqual([path, source, access], ['/dev/mine', '/dev/null', 'rwm']);
  const { mode, uid, gid } = statSync('/dev/null');
  assert.deepEqual(owner, { fileMode: mode & 0o777, uid, gid });
});

test('numbers are taken as they are', () => {
  assert.deepEqual(findDevice(native, 'b:7:0:r'), {
    text: 'b:7:0:r',
    numbers: { type: 'b', major: 7, minor: 0 },
    path: undefined,
    source: '',
    access: 'r',
    owner: {},
  });
});

test('what is no device is refused', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['/dev/there-is-none', /"\/dev\/there-is-none" does not exist on the host/],
    ['/etc/passwd', /"\/etc\/passwd" is not a device/],
    ['/tmp:rw', /"\/tmp" is not a device/],
    ['null', /--device-add: "null" names neither/],
  ];
  for (const [text, wanted] of rows)
    assert.throws(
      () => findDevice(native, text),
      (error: unknown) => error instanceof Failure && error.code === 'invalid' && wanted.test(error.message),
      text,
    );
});

test('hostNode() is what has the path, or what the kernel calls the device', () => {
  const zero = { type: 'c', major: 1, minor: 5 } as const;
  assert.equal(hostNode(native, { ...zero, path: '/dev/zero' }), '/dev/zero');
  assert.equal(hostNode(native, { ...zero, type: 'u', path: '/dev/nothing/here' }), '/dev/zero');
  for (const path of ['/dev/null', '/etc/passwd/x', '/etc'])
    assert.equal(hostNode(native, { ...zero, path }), '/dev/zero');
  // Nothing of the host, and another type.
  const none = { ...zero, major: 4095, minor: 77, path: '/dev/mine' };
  assert.equal(hostNode(native, none), '/dev/mine');
  assert.equal(
    hostNode(native, { ...zero, type: 'b', path: '/dev/zero' }),
    '/dev/zero',
    'which opening refuses',
  );
  assert.equal(hostNode(native, { path: '/dev/pipe', type: 'p' }), '/dev/pipe');
});

test.run();
