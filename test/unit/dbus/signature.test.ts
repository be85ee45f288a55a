import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { ProtocolError } from '../../../src/dbus/protocol-error.ts';
import { alignmentOf, endOfType, typesOf } from '../../../src/dbus/signature.ts';

const test = suite('signatures of D-Bus');

test('typesOf() parts a signature into its complete types', () => {
  for (const [signature, types] of [
    ['', []],
    ['ssa(sv)a(sa(sv))', ['s', 's', 'a(sv)', 'a(sa(sv))']],
    ['a{sv}a{t(ii)}', ['a{sv}', 'a{t(ii)}']],
    ['aayv', ['aay', 'v']],
    ['((y)(n))h', ['((y)(n))', 'h']],
  ] as const)
    assert.deepEqual(typesOf(signature), types, signature);
});

test('endOfType() reads on from where it is told', () => {
  assert.equal(endOfType('sa(ii)y', 1), 6);
  assert.equal(endOfType('sa(ii)y', 6), 7);
});

test('what is no signature is refused, and named', () => {
  for (const signature of [
    ...['a', 'z', '(', ')', '()', '(s', 's)', '((s)', 'a(', 'r', 'e', 'm', ' s'],
    // A dictionary's entry: only in an array, with a basic key and one value.
    ...['{sv}', 'a{', 'a{}', 'a{s}', 'a{sv', 'a{vs}', 'a{(s)s}', 'a{ass}', 'a{svs}'],
  ])
    assert.throws(
      () => typesOf(signature),
      (error: unknown) => error instanceof ProtocolError && error.message.includes(`"${signature}"`),
      signature,
    );
});

test('arrays and structures nest 32 deep each, as the specification says, and no deeper', () => {
  const arrays = (depth: number) => `${'a'.repeat(depth)}y`;
  const structures = (depth: number) => `${'('.repeat(depth)}y${')'.repeat(depth)}`;
  const both = `${'a'.repeat(32)}${structures(32)}`;
  for (const signature of [arrays(32), structures(32), both])
    assert.deepEqual(typesOf(signature), [signature]);
  for (const signature of [arrays(33), structures(33), arrays(100_000), '('.repeat(100_000)])
    assert.throws(() => typesOf(signature), /nested too deeply/);
});

test('alignmentOf() has the boundaries of the specification', () => {
  const boundaries = { y: 1, g: 1, v: 1, n: 2, q: 2, b: 4, i: 4, u: 4, s: 4, o: 4, h: 4, x: 8, t: 8, d: 8 };
  for (const [type, boundary] of Object.entries(boundaries)) assert.equal(alignmentOf(type), boundary, type);
  for (const [type, boundary] of [
    ['ay', 4],
    ['at', 4],
    ['a{sv}', 4],
    ['(y)', 8],
    ['{sv}', 8],
  ] as const)
    assert.equal(alignmentOf(type), boundary, type);
});

test.run();
