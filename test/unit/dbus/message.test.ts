import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  decodeMessage,
  encodeMessage,
  longestMessage,
  type Message,
  messageLength,
  messageTypes,
} from '../../../src/dbus/message.ts';
import { ProtocolError } from '../../../src/dbus/protocol-error.ts';
import { Reader } from '../../../src/dbus/reader.ts';
import type { BusValue } from '../../../src/dbus/value.ts';
import { Writer } from '../../../src/dbus/writer.ts';

const test = suite('D-Bus messages');

const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'));
const basics: Readonly<Record<string, fc.Arbitrary<BusValue>>> = {
  y: fc.nat(255),
  b: fc.boolean(),
  i: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u: fc.nat(2 ** 32 - 1),
  x: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  t: fc.bigInt(0n, 2n ** 64n - 1n),
  s: text,
  o: fc.constantFrom('/', '/a/b'),
  g: fc.constantFrom('', 's', 'a(sv)'),
};

/** A type and a value of it. */
type Typed = readonly [type: string, value: BusValue];
const { typed } = fc.letrec<{ typed: Typed }>((tie) => ({
  typed: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'typed' },
    ...Object.entries(basics).map(([type, values]) => values.map((value): Typed => [type, value])),
    fc.uint8Array().map((value): Typed => ['ay', value]),
    tie('typed').map(([signature, value]): Typed => ['v', { signature, value }]),
    fc
      .array(tie('typed'), { minLength: 1, maxLength: 3 })
      .map(
        (fields): Typed => [`(${fields.map(([type]) => type).join('')})`, fields.map(([, value]) => value)],
      ),
    // An array of several items of one type: the same value again.
    fc
      .tuple(tie('typed'), fc.nat(3))
      .map(
        ([[type, value], count]): Typed =>
          type === 'y'
            ? ['s', 'bytes are another test']
            : [`a${type}`, Array.from({ length: count }, () => value)],
      ),
  ),
}));

const message: fc.Arbitrary<Message> = fc
  .record({
    type: fc.constantFrom(...Object.values(messageTypes)),
    serial: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    body: fc.array(typed, { maxLength: 4 }),
    path: fc.option(fc.constantFrom('/', '/org/freedesktop/systemd1'), { nil: undefined }),
    replySerial: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined }),
    member: fc.option(text, { nil: undefined }),
  })
  .map(({ type, serial, body, path, replySerial, member }) => ({
    type,
    serial,
    header: {
      ...(path === undefined ? {} : { path }),
      ...(replySerial === undefined ? {} : { replySerial }),
      ...(member === undefined ? {} : { member }),
      ...(body.length === 0 ? {} : { signature: body.map(([each]) => each).join('') }),
    },
    body: body.map(([, value]) => value),
  }));

test('what is written is read, and its length is known from its beginning', () => {
  fc.assert(
    fc.property(message, (given) => {
      const bytes = encodeMessage(given);
      assert.equal(messageLength(bytes.subarray(0, 15)), undefined);
      assert.equal(messageLength(bytes.subarray(0, 16)), bytes.length);
      assert.deepEqual(decodeMessage(bytes), given);
    }),
    { numRuns: 500 },
  );
});

test('messages of all lengths are written', () => {
  for (let length = 0; length < 1200; length++) {
    const body = [
      'x'.repeat(length),
      new Uint8Array(length),
      7,
      2n ** 60n,
      true,
      { signature: 'y', value: 1 },
    ];
    const given = { type: 4, serial: 9, header: { signature: 'sayutbv' }, body };
    assert.deepEqual(decodeMessage(encodeMessage(given)), given);
  }
});

test('the call that starts a unit has the bytes of the specification', () => {
  const bytes = encodeMessage({
    type: messageTypes.call,
    serial: 2,
    header: { path: '/o', interface: 'i.f', member: 'M', destination: 'd.e', signature: 'sa(sv)' },
    body: ['n', [['P', { signature: 't', value: 1n }]]],
  });
  const expected = [
    ...[0x6c, 1, 0, 1, 40, 0, 0, 0, 2, 0, 0, 0, 76, 0, 0, 0],
    ...[1, 1, 0x6f, 0, 2, 0, 0, 0, 0x2f, 0x6f, 0, 0, 0, 0, 0, 0],
    ...[2, 1, 0x73, 0, 3, 0, 0, 0, 0x69, 0x2e, 0x66, 0, 0, 0, 0, 0],
    ...[3, 1, 0x73, 0, 1, 0, 0, 0, 0x4d, 0, 0, 0, 0, 0, 0, 0],
    ...[6, 1, 0x73, 0, 3, 0, 0, 0, 0x64, 0x2e, 0x65, 0, 0, 0, 0, 0],
    ...[8, 1, 0x67, 0, 6, 0x73, 0x61, 0x28, 0x73, 0x76, 0x29, 0, 0, 0, 0, 0],
    ...[1, 0, 0, 0, 0x6e, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0],
    ...[1, 0, 0, 0, 0x50, 0, 1, 0x74, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[1, 0, 0, 0, 0, 0, 0, 0],
  ];
  assert.deepEqual([...bytes], expected);
});

test('the other byte order is read', () => {
  const reader = new Reader(new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1, 0x78, 0, 0, 0]), false);
  assert.deepEqual(reader.values('us'), [1, 'x']);
});

test('a bus that lies gets nowhere: any bytes are a message or a ProtocolError', () => {
  const look = (bytes: Uint8Array): void => {
    for (const read of [() => messageLength(bytes), () => decodeMessage(bytes)]) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), look), { numRuns: 2000 });
  // Valid ones with some bytes changed come much further.
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      message,
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(40),
      (given, changes, cut) => {
        const bytes = encodeMessage(given);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        look(bytes);
        look(bytes.subarray(0, Math.max(0, bytes.length - cut)));
      },
    ),
    { numRuns: 5000 },
  );
});

test('lengths that nothing of ours has are refused before anything is kept', () => {
  const header = (size: number): Uint8Array => {
    const writer = new Writer();
    for (const byte of [0x6c, 2, 0, 1]) writer.byte(byte);
    for (const word of [size, 1, 0]) writer.uint32(word);
    return writer.take();
  };
  assert.equal(messageLength(header(100)), 116);
  for (const size of [longestMessage, 2 ** 32 - 1])
    assert.throws(() => messageLength(header(size)), ProtocolError);
  const deep = `${'a'.repeat(33)}y`;
  for (const signature of [
    deep,
    `${'('.repeat(33)}y${')'.repeat(33)}`,
    '()',
    '(y',
    'a',
    'a{vs}',
    '{sv}',
    'z',
  ])
    assert.throws(() => new Reader(new Uint8Array(400), true).values(signature), ProtocolError, signature);
});

test('variants within variants have an end', () => {
  const bytes = new Uint8Array(3000);
  for (let at = 0; at < bytes.length; at += 3) bytes.set([1, 0x76, 0], at);
  assert.throws(() => new Reader(bytes, true).value('v'), /nested too deeply/);
});

test.run();
