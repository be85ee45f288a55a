import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import {
  decodeMessage,
  encodeGo,
  goHeader,
  goPart,
  messageHeader,
  messageTypes,
  splitGo,
  startQuestion,
} from '../../../src/launch/messages.ts';

const test = suite('messages');

interface Raw {
  readonly type: number;
  readonly errno?: number;
  readonly value?: number;
  readonly length?: number;
  readonly data?: Uint8Array;
}

/** A message as the stub frames it. */
function raw({ type, errno = 0, value = 0, data = new Uint8Array(), length = data.length }: Raw): Uint8Array {
  const bytes = new Uint8Array(messageHeader + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, 1, true);
  view.setUint32(8, 42, true);
  view.setInt32(12, errno, true);
  view.setUint32(16, value, true);
  view.setUint32(20, length, true);
  bytes.set(data, messageHeader);
  return bytes;
}

const text = (value: string) => new TextEncoder().encode(value);
const origin = { stage: 1, operation: 42 };

const rows: readonly { readonly name: string; readonly from: Raw; readonly to: object }[] = [
  { name: 'cloned', from: { type: messageTypes.cloned, value: 77 }, to: { type: 'cloned', pid: 77 } },
  {
    name: 'ask',
    from: { type: messageTypes.ask, value: 1 },
    to: { type: 'ask', question: 'create-runtime' },
  },
  { name: 'ready', from: { type: messageTypes.ready }, to: { type: 'ready' } },
  { name: 'executing', from: { type: messageTypes.executing }, to: { type: 'executing' } },
  {
    name: 'failed',
    from: { type: messageTypes.failed, errno: 2, value: 3, data: text('bäh') },
    to: { type: 'failed', errno: 2, phase: 3, text: 'bäh' },
  },
  {
    name: 'console',
    from: { type: messageTypes.console, data: text('/dev/pts/0') },
    to: { type: 'console', name: '/dev/pts/0' },
  },
  {
    name: 'what a hook said',
    from: { type: messageTypes.said, value: 2, data: new Uint8Array([0, 255]) },
    to: { type: 'said', stream: 'stderr', bytes: new Uint8Array([0, 255]) },
  },
  {
    name: 'stamps',
    from: { type: messageTypes.stamps, data: new Uint8Array(new BigUint64Array([0n, 5n, 1n, 9n]).buffer) },
    to: {
      type: 'stamps',
      stamps: [
        { operation: 0, nanoseconds: 5n },
        { operation: 1, nanoseconds: 9n },
      ],
    },
  },
];

for (const { name, from, to } of rows) {
  test(`decodeMessage() reads ${name}`, () => {
    assert.deepEqual(decodeMessage(raw(from)), { ...origin, ...to });
  });

  test(`decodeMessage() reads ${name} at any offset of its buffer`, () => {
    const bytes = raw(from);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assert.deepEqual(decodeMessage(shifted.subarray(1)), { ...origin, ...to });
  });
}

const refused: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: 'nothing', bytes: new Uint8Array() },
  { name: 'a torn header', bytes: new Uint8Array(messageHeader - 1) },
  { name: 'an unknown type', bytes: raw({ type: 99 }) },
  { name: 'what only we may say', bytes: raw({ type: messageTypes.go }) },
  { name: 'a wrong length', bytes: raw({ type: messageTypes.ready, length: 1 }) },
  { name: 'a question that no plan has', bytes: raw({ type: messageTypes.ask, value: 9 }) },
  { name: 'a phase that no plan has', bytes: raw({ type: messageTypes.failed, value: 99 }) },
  { name: 'a stream that no hook has', bytes: raw({ type: messageTypes.said, value: 3 }) },
  { name: 'a torn stamp', bytes: raw({ type: messageTypes.stamps, data: new Uint8Array(15) }) },
];

for (const { name, bytes } of refused) {
  test(`decodeMessage() refuses ${name}`, () => {
    assert.throws(
      () => decodeMessage(bytes),
      (error: unknown) => error instanceof Failure && error.code === 'internal',
    );
  });
}

test('encodeGo() frames the state and the listener', () => {
  const bytes = encodeGo({ question: 'commit', state: '{"ü":1}', listener: '[]' });
  const view = new DataView(bytes.buffer);
  assert.deepEqual(
    [0, 4, 8, 12].map((at) => view.getUint32(at, true)),
    [messageTypes.go, 2, 8, 2],
  );
  assert.equal(new TextDecoder().decode(bytes.subarray(goHeader)), '{"ü":1}[]');
});

test('encodeGo() answers the start socket, where nothing was asked', () => {
  const view = new DataView(encodeGo({ question: 'start' }).buffer);
  assert.equal(view.byteLength, goHeader);
  assert.equal(view.getUint32(4, true), startQuestion);
});

test('splitGo() cuts what a socket would not take at once, and loses nothing', () => {
  for (const length of [0, 1, goPart - goHeader, goPart - goHeader + 1, 3 * goPart]) {
    const go = { question: 'create-runtime', state: 'x'.repeat(length) } as const;
    const parts = splitGo(go);
    for (const part of parts.slice(0, -1)) assert.equal(part.length, goPart);
    assert.ok((parts.at(-1)?.length ?? 0) > 0);
    assert.deepEqual(Buffer.concat(parts), Buffer.from(encodeGo(go)));
  }
});

test.run();
