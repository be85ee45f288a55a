import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import { identify, openProcess, reapEnded } from '../../../../src/container/process/process-identity.ts';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';

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

test('reapEnded() reaps a child that has ended, also one that /proc hides, and no other', () => {
  const hidden = Object.assign(new Error('EACCES'), { code: 'EACCES', errno: 13, syscall: 'open' });
  const blind = Object.create(native, {
    processStat: {
      value: () => {
        throw hidden;
      },
    },
  });
  for (const machine of [native, blind]) {
    const pid = native.spawn({ file: '/bin/true', argv: ['true'], environment: [], descriptors: [] });
    const child = identify(native, pid);
    assert.ok(child);
    const pidfd = native.pidfdOpen(pid);
    assert.deepEqual(native.pollMany([pidfd], 5000), [pidfd]);
    native.close(pidfd);
    reapEnded(machine, { pid: 4_194_303, startTime: '1' });
    reapEnded(machine, child);
    assert.throws(() => native.wait(pid, true), /ECHILD/);
  }
});

test('openProcess() of a number that nobody has', () => {
  assert.equal(openProcess(native, { pid: 4_194_303, startTime: '1' }), undefined);
});

test.run();
