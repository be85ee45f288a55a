/** Tests also: src/shim/ttrpc/server.ts src/shim/ttrpc/connection.ts */

import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { decodeMessage, encodeMessage } from '../../../src/protobuf.ts';
import { TtrpcClient } from '../../../src/shim/ttrpc/client.ts';
import { encodeFrame, FrameReader, maximumData, type Received } from '../../../src/shim/ttrpc/frame.ts';
import { request, response } from '../../../src/shim/ttrpc/messages.ts';
import { codes, StatusError } from '../../../src/shim/ttrpc/status.ts';
import { serveAt } from './serving.ts';

const native = loadNative(findLibexec());
const host = { native, wait: watchingWait(native) };
const test = suite('ttrpc: server and client');
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);
const directory = mkdtempSync(join(tmpdir(), 'tsoci-ttrpc-'));
const path = join(directory, 'socket');
const warnings: string[] = [];
let release = (): void => undefined;
const held = new Promise<void>((resolve) => {
  release = resolve;
});

const end = serveAt(
  path,
  new Map([
    [
      'test.Echo',
      new Map([
        ['Echo', async (payload: Uint8Array) => payload],
        ['Long', async () => new Uint8Array(maximumData + 1)],
        ['Large', async () => new Uint8Array(maximumData - 64)],
        ['Held', async () => held.then(() => bytes('at last'))],
        [
          'Fail',
          async () => {
            throw new StatusError(codes.notFound, 'no such thing');
          },
        ],
        [
          'Break',
          async () => {
            throw new Error('broken');
          },
        ],
      ]),
    ],
  ]),
  (message) => warnings.push(message),
);

test.after(async () => {
  await end();
  rmSync(directory, { recursive: true, force: true });
});

/** What the server sends on a connection of plain bytes, until it has sent so many frames. */
async function exchange(sent: readonly Uint8Array[], frames: number): Promise<Received[]> {
  const socket = connect(path);
  const reader = new FrameReader();
  const received: Received[] = [];
  for (const each of sent) socket.write(each);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (data) => {
      received.push(...reader.push(data));
      if (received.length < frames) return;
      socket.destroy();
      resolve(received);
    });
  });
}

const call = (stream: number, method = 'Echo', flags = 0) =>
  encodeFrame({
    stream,
    type: 1,
    flags,
    data: encodeMessage(request, { service: 'test.Echo', method, payload: bytes(`of ${stream}`) }),
  });

const statusOf = ({ data }: Received) => decodeMessage(response, data).status;

async function refusal(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('calls are answered as they are ready, many at a time on one connection', async () => {
  const client = await TtrpcClient.connect(host, path);
  const late = client.call('test.Echo', 'Held', bytes(''));
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => client.call('test.Echo', 'Echo', bytes(`${index}`))),
  );
  assert.deepEqual(
    answers.map(text),
    Array.from({ length: 200 }, (_, index) => `${index}`),
  );
  release();
  assert.equal(text(await late), 'at last');
  client.close();
});

test('errors come with their code; what is unknown is unimplemented', async () => {
  const client = await TtrpcClient.connect(host, path);
  const of = (service: string, method: string) => refusal(client.call(service, method, bytes('')));
  const told = [
    await of('test.Echo', 'Fail'),
    await of('test.Echo', 'Break'),
    await of('test.Echo', 'None'),
    await of('test.None', 'Echo'),
  ].map(({ code, message }) => [code, message]);
  assert.deepEqual(told, [
    [codes.notFound, 'no such thing'],
    [codes.unknown, 'broken'],
    [codes.unimplemented, 'method None'],
    [codes.unimplemented, 'service test.None'],
  ]);
  client.close();
  assert.equal(
    (
      await refusal(
        client.call('test.Echo', 'Echo', bytes('')).then(() => client.call('test.Echo', 'Echo', bytes(''))),
      )
    ).code,
    codes.unavailable,
  );
});

test('an answer of megabytes comes whole, one that is too long as a refusal', async () => {
  const client = await TtrpcClient.connect(host, path);
  assert.equal((await client.call('test.Echo', 'Large', bytes(''))).length, maximumData - 64);
  assert.equal((await refusal(client.call('test.Echo', 'Long', bytes('')))).code, codes.resourceExhausted);
  client.close();
});

test('streams that are even, or not new, or hold no request, are refused, and the connection goes on', async () => {
  const garbage = encodeFrame({ stream: 5, type: 1, flags: 0, data: new Uint8Array([0xff, 0xff]) });
  const received = await exchange(
    [call(2), call(3), call(3), call(1), garbage, call(7), call(9, 'Echo', 2)],
    7,
  );
  const told = received.map((each) => [each.stream, statusOf(each)?.code ?? 0]);
  assert.deepEqual(told.sort(), [
    [1, codes.invalidArgument],
    [2, codes.invalidArgument],
    [3, 0],
    [3, codes.invalidArgument],
    [5, codes.invalidArgument],
    [7, 0],
    [9, codes.unimplemented],
  ]);
});

test('a request that is too long is dropped and told; data frames and types of the future are ignored', async () => {
  const header = new Uint8Array(10);
  new DataView(header.buffer).setUint32(0, maximumData + 1);
  new DataView(header.buffer).setUint32(4, 1);
  header[8] = 1;
  const others = [3, 77].map((type) => encodeFrame({ stream: 1, type, flags: 1, data: bytes('x') }));
  const received = await exchange([header, new Uint8Array(maximumData + 1), ...others, call(3)], 2);
  assert.deepEqual(
    received.map((each) => [each.stream, statusOf(each)?.code ?? 0]),
    [
      [1, codes.resourceExhausted],
      [3, 0],
    ],
  );
});

test('bytes one at a time, and a client that leaves in the middle, harm nobody', async () => {
  const whole = call(1);
  const socket: Socket = connect(path);
  socket.write(whole.subarray(0, 15));
  await new Promise((resolve) => socket.on('connect', resolve));
  socket.destroy();
  const received = await exchange(
    [...whole].map((byte) => Uint8Array.of(byte)),
    1,
  );
  assert.equal(text(decodeMessage(response, (received[0] as Received).data).payload as Uint8Array), 'of 1');
});

test('a client that reads nothing is not read from forever, and gets all when it reads', async () => {
  const socket = connect(path);
  socket.pause();
  const reader = new FrameReader();
  const count = 12;
  for (let index = 0; index < count; index++) socket.write(call(index * 2 + 1, 'Large'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  let received = 0;
  await new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      received += reader.push(data).length;
      if (received === count) resolve();
    });
    socket.resume();
  });
  socket.destroy();
  assert.deepEqual(warnings, []);
});

test('an answer that does not come in time is one that is not waited for', async () => {
  const other = join(directory, 'deaf');
  native.listenStream(other);
  const client = await TtrpcClient.connect(host, other);
  assert.equal((await refusal(client.call('a', 'b', bytes(''), 30))).code, codes.deadlineExceeded);
  client.close();
});

test.run();
