import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import type { Native } from '../../../src/host/native.ts';
import {
  decodeMessages,
  encodeRequest,
  linkAttribute,
  linkHeader,
  messageFlag,
  messageType,
  numberAttribute,
  textAttribute,
} from '../../../src/network/netlink-message.ts';
import { RouteSocket } from '../../../src/network/route-socket.ts';
import { answer, errorMessage } from './fake-kernel.ts';

const test = suite('netlink');

test('encodeRequest() writes what rtnetlink(7) says', () => {
  const bytes = encodeRequest(7, {
    type: messageType.getLink,
    flags: messageFlag.dump,
    fixed: linkHeader(5, 1, 1),
    attributes: [textAttribute(linkAttribute.name, 'eth0'), numberAttribute(linkAttribute.namespacePid, 77)],
  });
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(0, true), bytes.length);
  assert.equal(view.getUint16(4, true), 18);
  assert.equal(view.getUint16(6, true), 0x301);
  assert.equal(view.getUint32(8, true), 7);
  assert.deepEqual([view.getInt32(20, true), view.getUint32(24, true), view.getUint32(28, true)], [5, 1, 1]);
  // IFLA_IFNAME, 5 bytes and padding; IFLA_NET_NS_PID, 4 bytes.
  assert.deepEqual(
    [...bytes.subarray(32)],
    [9, 0, 3, 0, 101, 116, 104, 48, 0, 0, 0, 0, 8, 0, 19, 0, 77, 0, 0, 0],
  );
});

const attribute = fc.record({
  type: fc.integer({ min: 1, max: 0x3fff }),
  value: fc.uint8Array({ maxLength: 40 }),
});

test('decodeMessages() reads what encodeRequest() wrote, several in one datagram', () => {
  const one = fc.tuple(
    fc.nat(0xffff_fff),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.array(attribute),
  );
  fc.assert(
    fc.property(fc.array(one), (messages) => {
      const data = messages.flatMap(([sequence, fixed, attributes]) => [
        ...encodeRequest(sequence, { type: messageType.newLink, fixed, attributes }),
      ]);
      const decoded = decodeMessages(Uint8Array.from(data));
      const plain = decoded.map(({ sequence, fixed, attributes }) => [
        sequence,
        [...fixed],
        attributes.map(({ type, value }) => [type, [...value]]),
      ]);
      assert.deepEqual(
        plain,
        messages.map(([sequence, fixed, attributes]) => [
          sequence,
          [...fixed],
          attributes.map(({ type, value }) => [type, [...value]]),
        ]),
      );
    }),
    { numRuns: 100 },
  );
});

test('decodeMessages() reads any bytes, at any offset, without harm', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), (bytes, offset) => {
      const shifted = new Uint8Array(bytes.length + offset);
      shifted.set(bytes, offset);
      for (const { attributes } of decodeMessages(shifted.subarray(offset)))
        for (const { value } of attributes) assert.ok(value.length <= bytes.length);
    }),
  );
});

test('decodeMessages() leaves out what is cut short, at every byte', () => {
  const whole = encodeRequest(1, {
    type: messageType.newLink,
    fixed: linkHeader(1),
    attributes: [textAttribute(3, 'eth0')],
  });
  assert.equal(decodeMessages(whole).length, 1);
  for (let length = 0; length < whole.length; length++)
    assert.deepEqual(decodeMessages(whole.subarray(0, length)), []);
});

test('the two highest bits of an attribute’s type are none of it', () => {
  const [message] = decodeMessages(
    answer(messageType.newLink, 1, new Uint8Array(16), [[0x8003, Uint8Array.of(1)]]),
  );
  assert.equal(message?.attributes[0]?.type, 3);
});

/** A socket on which the kernel says these datagrams. */
function socketOn(...datagrams: readonly Uint8Array[]) {
  const left = [...datagrams];
  const written: Uint8Array[] = [];
  const native = {
    routeSocket: () => 5,
    write: (_descriptor: number, data: Uint8Array) => void written.push(data),
    read: () => {
      const next = left.shift();
      if (next === undefined) throw new Error('nothing left to read');
      return next;
    },
  } as unknown as Native;
  const socket = new RouteSocket(native, 0);
  return {
    left,
    written,
    execute: () => socket.execute('do it', { type: messageType.newLink, fixed: linkHeader(1) }),
    one: () => socket.ask('ask it', { type: messageType.getLink, fixed: linkHeader(1) }),
    all: () =>
      socket.ask('list it', { type: messageType.getLink, flags: messageFlag.dump, fixed: linkHeader(0) }),
  };
}

const link = (sequence: number, index: number) => answer(messageType.newLink, sequence, linkHeader(index));
const done = (sequence: number, errno = 0) => {
  const fixed = new Uint8Array(4);
  new DataView(fixed.buffer).setInt32(0, -errno, true);
  return answer(messageType.done, sequence, fixed);
};

function errnoOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return `${error.errno} ${error.message}`;
    throw error;
  }
  return undefined;
}

test('execute() asks for an acknowledgement and waits for it', () => {
  const { execute, written, left } = socketOn(errorMessage(1, 0));
  execute();
  assert.deepEqual(left, []);
  assert.equal((written[0]?.[6] ?? 0) & messageFlag.acknowledge, messageFlag.acknowledge);
});

test('execute() throws what the kernel refuses, beginning with what was wanted', () => {
  assert.equal(errnoOf(socketOn(errorMessage(1, 16)).execute), 'EBUSY do it: device or resource busy');
});

test('answers to another request are passed over', () => {
  const { execute, left } = socketOn(errorMessage(9, 16), link(9, 1), errorMessage(1, 0));
  execute();
  assert.deepEqual(left, []);
});

test('ask() takes one answer, or the refusal', () => {
  assert.equal(socketOn(link(1, 4)).one().length, 1);
  assert.match(errnoOf(socketOn(errorMessage(1, 19)).one) ?? '', /^ENODEV ask it/);
});

test('ask() for all takes everything until the end, over several datagrams', () => {
  const two = Uint8Array.from([...link(1, 1), ...link(1, 2)]);
  const { all, left } = socketOn(two, link(1, 3), done(1));
  assert.equal(all().length, 3);
  assert.deepEqual(left, []);
});

test('a list that ends with an errno is a refusal', () => {
  assert.equal(errnoOf(socketOn(link(1, 1), done(1, 4)).all), 'EINTR list it: interrupted system call');
});

test('each request has a number of its own', () => {
  const { execute, written } = socketOn(errorMessage(1, 0), errorMessage(2, 0));
  execute();
  execute();
  assert.deepEqual(
    written.map((data) => new DataView(data.buffer).getUint32(8, true)),
    [1, 2],
  );
});

test.run();
