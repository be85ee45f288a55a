import { strict as assert } from 'node:assert';
import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { hasErrno } from '../../../src/host/native.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';

const native = loadNative(findLibexec());
const test = suite('native: watching');
const one = new Uint8Array(new BigUint64Array([1n]).buffer);

test('eventDescriptor() counts, and does not block', () => {
  const event = native.eventDescriptor();
  try {
    assert.throws(
      () => native.read(event, 8),
      (error) => hasErrno(error, 'EAGAIN'),
    );
    native.write(event, one);
    native.write(event, one);
    assert.equal(new DataView(native.read(event, 8).buffer).getBigUint64(0, true), 2n);
  } finally {
    native.close(event);
  }
});

test('pollMany() names those that are ready, at once or as soon as one is', async () => {
  const events = [native.eventDescriptor(), native.eventDescriptor()] as const;
  try {
    assert.deepEqual(native.pollMany(events, 0), []);
    const began = Date.now();
    assert.deepEqual(native.pollMany(events, 60), []);
    assert.ok(Date.now() - began >= 55);
    native.write(events[1], one);
    assert.deepEqual(native.pollMany(events, -1), [events[1]]);
    native.write(events[0], one);
    assert.deepEqual(native.pollMany(events, 1000), [...events]);
    for (const event of events) native.read(event, 8);
    const waiting = native.pollManyAsync(events, 5000);
    setTimeout(() => native.write(events[0], one), 20);
    assert.deepEqual(await waiting, [events[0]]);
    assert.deepEqual(await native.pollManyAsync([events[1]], 10), []);
  } finally {
    for (const event of events) native.close(event);
  }
});

test('watchFiles() is readable when a file is changed or goes away, and not before', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-watch-'));
  const files = ['a', 'b'].map((name) => join(directory, name));
  for (const file of files) writeFileSync(file, 'x');
  const before = openDescriptors(native);
  assert.throws(
    () => native.watchFiles([...files, join(directory, 'missing')]),
    (error) => hasErrno(error, 'ENOENT'),
  );
  assert.deepEqual(newDescriptors(native, before), []);
  const watch = native.watchFiles(files);
  try {
    assert.deepEqual(native.pollMany([watch], 0), []);
    appendFileSync(files[1] ?? '', 'y');
    assert.deepEqual(native.pollMany([watch], 1000), [watch]);
    native.read(watch, 4096);
    assert.throws(
      () => native.read(watch, 4096),
      (error) => hasErrno(error, 'EAGAIN'),
    );
    unlinkSync(files[0] ?? '');
    assert.deepEqual(native.pollMany([watch], 1000), [watch]);
  } finally {
    native.close(watch);
    rmSync(directory, { recursive: true });
  }
});

test.run();
