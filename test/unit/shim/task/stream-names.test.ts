import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { fifoPath, outputAddress } from '../../../../src/shim/task/stream-names.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('shim: names of streams');

test('a path without a scheme, a fifo’s, and no name at all are names', () => {
  for (const name of ['', '/run/fifo', 'fifo:///run/fifo', 'relative', '/a://b'])
    assert.deepEqual(outputAddress(name), { kind: 'names' }, name);
});

test('file:// is a path, without what a URL has behind it', () => {
  assert.deepEqual(outputAddress('file:///var/log/a%20b?x=y#z'), { kind: 'file', path: '/var/log/a b' });
  assert.deepEqual(outputAddress('file:///a#b?c'), { kind: 'file', path: '/a' });
});

test('binary:// is a program; its arguments in their order, each key with its first value', () => {
  assert.deepEqual(outputAddress('binary:///bin/log%20ger?b=1&a=x+y%2Bz&&b=2&empty&k=v=w'), {
    kind: 'logger',
    path: '/bin/log ger',
    args: ['b', '1', 'a', 'x y+z', 'empty', '', 'k', 'v=w'],
    mustSay: false,
  });
  assert.deepEqual(outputAddress('binary-v2:///bin/logger'), {
    kind: 'logger',
    path: '/bin/logger',
    args: [],
    mustSay: true,
  });
});

test('other schemes, relative paths and what is no URL are refused, with what to write', () => {
  assertRefused(() => outputAddress('http://a/b'), 'invalid', undefined, /^unknown STDIO scheme http$/);
  assertRefused(
    () => outputAddress('file://a/b'),
    'invalid',
    undefined,
    /^the path in "file:\/\/a\/b" must be absolute$/,
  );
  assertRefused(() => outputAddress('binary://'), 'invalid', undefined, /must be absolute/);
  for (const name of ['file:///%zz', 'binary:///a?%zz=1', 'binary:///a?k=%zz'])
    assertRefused(
      () => outputAddress(name),
      'invalid',
      undefined,
      /^the name of a standard stream, ".*", is no URL$/,
    );
});

test('fifoPath(): the path behind the scheme, or the name as it is', () => {
  assert.equal(fifoPath('fifo:///run/a%20b'), '/run/a b');
  assert.equal(fifoPath('/run/a%20b'), '/run/a%20b');
  assert.equal(fifoPath('file:///a'), 'file:///a');
});

test.run();
