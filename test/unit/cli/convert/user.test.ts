import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { groups, user } from '../../../../src/cli/convert/user.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('user');
const isRefusal = (error: unknown) => error instanceof Failure && error.code === 'invalid';

test('user() reads uid and gid', () => {
  assert.deepEqual(user('0'), { uid: 0 });
  assert.deepEqual(user('1000:50'), { uid: 1000, gid: 50 });
  assert.deepEqual(user('4294967294'), { uid: 4294967294 });
  const id = fc.nat(0xffff_fffe);
  fc.assert(
    fc.property(id, id, (uid, gid) => {
      assert.deepEqual(user(`${uid}:${gid}`), { uid, gid });
    }),
  );
});

test('user() refuses everything that is not plainly a number', () => {
  const odd = [
    '',
    ':',
    '1:',
    ':1',
    'root',
    '1:root',
    '-1',
    '+1',
    ' 1',
    '1 ',
    '1.0',
    '0x0',
    '1e3',
    '4294967295',
    '99999999999',
    '1:2:3',
    '١',
  ];
  for (const given of odd) assert.throws(() => user(given), isRefusal, given);
  fc.assert(
    fc.property(fc.string(), (given) => {
      if (!/^\d+(:\d+)?$/.test(given)) assert.throws(() => user(given), isRefusal);
    }),
  );
});

test('groups() reads repeated and comma-separated ids', () => {
  assert.deepEqual(groups(['1', '2,3']), [1, 2, 3]);
  for (const given of ['', 'wheel', '1,', '1, 2', '-1'])
    assert.throws(() => groups([given]), isRefusal, given);
});

test.run();
