import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import { identify, openProcess } from '../../../src/container/process-identity.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';

const test = suite('process identity');
const native = loadNative(findLibexec());

test('openProcess() gives a descriptor for the very process', () => {
  const own = identify(native, process.pid);
  assert.ok(own);
  const descriptor = openProcess(native, own);
  assert.ok(descriptor !== undefined);
  native.close(descriptor);
  assert.equal(openProcess(native, { ...own, startTime: '1' }), undefined);
});

/** A thread of this process other than the first; the executable's engine has none. */
const threads = readdirSync('/proc/self/task').length > 1 ? test : test.skip;

threads('openProcess() knows a process whose number has gone over to a thread as ended', () => {
  const thread = readdirSync('/proc/self/task')
    .map(Number)
    .find((each) => each !== process.pid);
  assert.ok(thread !== undefined);
  assert.equal(openProcess(native, { pid: thread, startTime: '1' }), undefined);
});

test('openProcess() of a number that nobody has', () => {
  assert.equal(openProcess(native, { pid: 4_194_303, startTime: '1' }), undefined);
});

test.run();
