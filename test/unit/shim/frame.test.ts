import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { encodeFrame, FrameReader, frameTypes, maximumData } from '../../../src/shim/ttrpc/frame.ts';

const test = suite('ttrpc: frames');

const frame = (stream: number, text: string) => ({
  stream,
  type: frameTypes.request,
  flags: 0,
  data: new TextEncoder().encode(text),
});

test('encodeFrame(): length and stream in big endian, type, flags, data', () => {
  const bytes = encodeFrame({ stream: 0x01020305, type: 2, flags: 4, data: new Uint8Array([7, 8, 9]) });
  assert.deepEqual([...bytes], [0, 0, 0, 3, 1, 2, 3, 5, 2, 4, 7, 8, 9]);
});

test('encodeFrame() refuses more data than a frame may have', () => {
  const request = { stream: 1, type: 1, flags: 0 };
  assert.equal(encodeFrame({ ...request, data: new Uint8Array(maximumData) }).length, maximumData + 10);
  assert.throws(
    () => encodeFrame({ ...request, data: new Uint8Array(maximumData + 1) }),
    /more than a frame/,
  );
});

test('FrameReader: the same frames wherever the bytes are cut, empty ones too', () => {
  const frames = [frame(1, 'one'), frame(3, ''), frame(5, 'x'.repeat(300)), frame(7, '')];
  const bytes = Uint8Array.from(frames.flatMap((each) => [...encodeFrame(each)]));
  for (let size = 1; size <= bytes.length; size += size < 30 ? 1 : 37) {
    const reader = new FrameReader();
    const read = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
    assert.deepEqual(read, frames);
  }
});

test('FrameReader: data that is too long is dropped, told, and followed by the next frame', () => {
  const reader = new FrameReader();
  const header = new Uint8Array(10);
  new DataView(header.buffer).setUint32(0, maximumData + 1);
  new DataView(header.buffer).setUint32(4, 9);
  header[8] = frameTypes.request;
  assert.deepEqual(reader.push(header), []);
  assert.deepEqual(reader.push(new Uint8Array(maximumData)), []);
  const last = Uint8Array.from([0, ...encodeFrame(frame(11, 'next'))]);
  assert.deepEqual(reader.push(last), [
    { stream: 9, type: 1, flags: 0, data: new Uint8Array(0), oversized: maximumData + 1 },
    frame(11, 'next'),
  ]);
});

test.run();
