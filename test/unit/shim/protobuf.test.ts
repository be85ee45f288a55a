import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { decodeMessage, encodeMessage, type Table } from '../../../src/protobuf.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('protocol buffers');

const table = {
  flag: [1, 'bool'],
  small: [2, 'int32'],
  large: [3, 'uint64'],
  signed: [4, 'int64'],
  share: [5, 'double'],
  name: [6, 'string'],
  raw: [7, 'bytes'],
  inner: [8, { name: [1, 'string'], inner: [2, { value: [1, 'uint32'] }] }],
  names: [9, 'string', 'many'],
  numbers: [10, 'uint64', 'many'],
  map: [11, { key: [1, 'string'], value: [2, 'string'] }, 'many'],
} as const satisfies Table;

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

const message = {
  flag: true,
  small: -1,
  large: 18446744073709551615n,
  signed: -62135596800n,
  share: 0.5,
  name: 'ö',
  raw: new Uint8Array([0, 255]),
  inner: { name: 'x', inner: { value: 7 } },
  names: ['a', '', 'c'],
  numbers: [1n, 300n],
  map: [{ key: 'k', value: 'v' }],
};

test('what is written is read again, and as bytes it is what the specification of the format says', () => {
  assert.deepEqual(decodeMessage(table, encodeMessage(table, message)), message);
  assert.equal(
    Buffer.from(encodeMessage(table, { small: 150, name: 'testing' })).toString('hex'),
    '109601320774657374696e67',
  );
  assert.equal(Buffer.from(encodeMessage(table, { signed: -1n })).toString('hex'), '20ffffffffffffffffff01');
});

test('numbers of a list may come in one packed field; what is unknown, or of another kind, is skipped', () => {
  assert.deepEqual(decodeMessage(table, bytes('520301ac02')), { numbers: [1n, 300n] });
  assert.deepEqual(decodeMessage(table, bytes('a0060108017a00')), { flag: true });
  assert.deepEqual(decodeMessage(table, bytes('0a01780801')), { flag: true });
});

test('what is cut, longer than its message, or nested without end is refused', () => {
  const whole = encodeMessage(table, message);
  let refused = 0;
  for (let length = 1; length < whole.length; length++) {
    try {
      decodeMessage(table, whole.subarray(0, length));
    } catch {
      refused++;
    }
  }
  assert.ok(refused > whole.length / 2);
  assertRefused(() => decodeMessage(table, bytes('3205ff')), 'invalid', undefined, /no such message/);
  assertRefused(() => decodeMessage(table, bytes('42040a037878')), 'invalid', undefined, /no such message/);
  const nested: { [name: string]: unknown } = {};
  nested['again'] = [1, nested];
  assertRefused(
    () => decodeMessage(nested as unknown as Table, deep(100)),
    'invalid',
    undefined,
    /nested too deeply/,
  );
});

function deep(levels: number): Uint8Array {
  let inner: number[] = [];
  for (let level = 0; level < levels; level++)
    inner = [
      0x0a,
      ...(inner.length < 128 ? [inner.length] : [(inner.length & 127) | 128, inner.length >> 7]),
      ...inner,
    ];
  return Uint8Array.from(inner);
}

test('random bytes are a message or a refusal, and nothing else', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed >> 16;
  };
  for (let round = 0; round < 3000; round++) {
    const noise = Uint8Array.from({ length: random() % 40 }, () => random() & 255);
    try {
      decodeMessage(table, noise);
    } catch (error) {
      assert.equal((error as Error).name, 'Failure');
    }
  }
});

test.run();
