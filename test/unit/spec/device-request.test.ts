import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { readDeviceNumbers, readDeviceRequest } from '../../../src/spec/device-request.ts';

const test = suite('readDeviceRequest()');

const node = (source: string, path: string, access?: string) => ({
  source,
  numbers: undefined,
  path,
  access,
});
const numbers = (type: string, major: number, minor: number, path?: string, access?: string) => ({
  source: undefined,
  numbers: { type, major, minor },
  path,
  access,
});

test('reads what docker and podman take, and numbers', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['/dev/fuse', node('/dev/fuse', '/dev/fuse')],
    ['/dev/fuse:/dev/mine', node('/dev/fuse', '/dev/mine')],
    ['/dev/fuse:rw', node('/dev/fuse', '/dev/fuse', 'rw')],
    ['/dev/fuse:/dev/mine:r', node('/dev/fuse', '/dev/mine', 'r')],
    ['c:10:229', numbers('c', 10, 229)],
    ['u:10:229', numbers('c', 10, 229)],
    ['b:8:0:/dev/sda', numbers('b', 8, 0, '/dev/sda')],
    ['b:8:0:rm', numbers('b', 8, 0, undefined, 'rm')],
    ['b:4095:1048575:/dev/last:mwr', numbers('b', 4095, 1_048_575, '/dev/last', 'mwr')],
  ];
  for (const [text, wanted] of rows) assert.deepEqual(readDeviceRequest(text), wanted, text);
});

test('says what is wrong', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /neither a path nor numbers/],
    ['fuse', /neither a path nor numbers/],
    ['d:1:2', /is not a device such as/],
    ['c', /no numbers/],
    ['c:1', /no numbers/],
    ['c:1:x', /no numbers/],
    ['c:-1:1', /no numbers/],
    ['c:4096:1', /no numbers/],
    ['c:1:1048576', /no numbers/],
    ['/dev/a:/dev/b:rx', /"rx", which is not made of/],
    ['/dev/a:rr', /"rr", which is not made of/],
    ['/dev/a::rw', /is not a device such as/],
    ['/dev/a:/dev/b:rw:more', /is not a device such as/],
  ];
  for (const [text, wanted] of rows) {
    const said = readDeviceRequest(text);
    assert.equal(typeof said, 'string', text);
    assert.match(String(said), wanted, text);
  }
});

test('readDeviceNumbers() reads numbers and nothing beside them', () => {
  assert.deepEqual(readDeviceNumbers('u:4095:1048575'), { type: 'c', major: 4095, minor: 1_048_575 });
  for (const text of [
    '',
    'c:1',
    'c:1:2:rw',
    'p:1:2',
    'c:4096:0',
    'c:0:1048576',
    'c::1',
    'c:1:0x3',
    '/dev/null',
  ])
    assert.match(String(readDeviceNumbers(text)), /has no numbers of a device/, text);
});

test.run();
