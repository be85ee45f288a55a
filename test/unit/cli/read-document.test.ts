import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { MAXIMUM_BYTES } from '../../../src/bundle/json/parse-json.ts';
import { readDocument } from '../../../src/cli/read-document.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { failureOf } from '../refusal.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('reading a document');

const bytes = (text: string) => new TextEncoder().encode(text);

/** Standard input that comes in these pieces. */
function input(...pieces: readonly Uint8Array[]) {
  const left = [...pieces];
  return fakeHost({
    read: (descriptor) => {
      assert.equal(descriptor, 0);
      return left.shift() ?? new Uint8Array();
    },
  }).native;
}

test('readDocument() gives the whole of a file', () => {
  const { native } = fakeHost({
    readFile: (path, most) => {
      assert.deepEqual([path, most], ['/limits.json', MAXIMUM_BYTES]);
      return bytes('{}');
    },
  });
  assert.deepEqual(readDocument(native, '/limits.json', 'the limits'), bytes('{}'));
});

test('readDocument() reads standard input for a dash to its end, in whatever pieces it comes', () => {
  const read = (...pieces: readonly string[]) => readDocument(input(...pieces.map(bytes)), '-', 'the limits');
  assert.deepEqual(read('{"a', '":', '1}'), bytes('{"a":1}'));
  assert.deepEqual(read(), new Uint8Array());
});

test('readDocument() says what was wanted from where when it cannot be read', () => {
  const { native } = fakeHost({
    readFile: (path) => {
      throw systemError('ENOENT', path);
    },
    read: () => {
      throw systemError('EBADF', '0');
    },
  });
  const words = (file: string) => {
    const failure = failureOf(() => readDocument(native, file, 'the limits'));
    assert.equal(failure.code, 'invalid');
    return failure.message;
  };
  assert.equal(words('x.json'), 'read the limits from "x.json": ENOENT: x.json');
  assert.equal(words('-'), 'read the limits from standard input: EBADF: 0');
});

test('readDocument() stops at an input that has no end', () => {
  const endless = fakeHost({ read: (_, most) => new Uint8Array(most) }).native;
  const failure = failureOf(() => readDocument(endless, '-', 'the limits'));
  assert.equal(failure.code, 'invalid');
  assert.equal(failure.message, `standard input is longer than ${MAXIMUM_BYTES} bytes`);
  assert.equal(readDocument(input(new Uint8Array(MAXIMUM_BYTES)), '-', 'x').length, MAXIMUM_BYTES);
});

test.run();
