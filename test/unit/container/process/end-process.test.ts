import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { endProcess, endsWithin } from '../../../../src/container/process/end-process.ts';
import { identify } from '../../../../src/container/process/process-identity.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { contextOn } from '../context.ts';
import { withChild } from '../scene.ts';
import { native } from '../support.ts';

const test = suite('end-process');
const { host } = contextOn('/nowhere');

test('endsWithin() tells that a process lives on, and leaves it alone', () =>
  withChild(async (child) => {
    const before = openDescriptors(native);
    assert.equal(await endsWithin(host, child, 10), false);
    assert.deepEqual(newDescriptors(native, before), []);
    assert.ok(identify(native, child.pid));
  }));

test('endsWithin() does something to the process first, and waits for what comes of it', () =>
  withChild(async (child) => {
    const before = openDescriptors(native);
    assert.equal(await endsWithin(host, child, 5000, (pidfd) => native.pidfdSend(pidfd, 15)), true);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('endsWithin() does nothing to one that has ended, nor to none', async () => {
  const refuse = () => assert.fail();
  assert.equal(await endsWithin(host, undefined, 0, refuse), true);
  assert.equal(await endsWithin(host, { pid: 4_194_303, startTime: '1' }, 0, refuse), true);
});

test('endsWithin() takes a process that ended under its hands as ended', () =>
  withChild(async (child) => {
    const gone = Object.assign(new Error('ESRCH'), { code: 'ESRCH', errno: 3, syscall: 'pidfd_send_signal' });
    const ended = await endsWithin(host, child, 0, () => {
      throw gone;
    });
    assert.equal(ended, true);
  }));

test('endProcess() kills, and has the freezer let go', () =>
  withChild(async (child) => {
    let thawed = 0;
    const cgroup = { letKilledGo: () => void thawed++ } as never;
    await endProcess(host, child, { of: 'x', cgroup });
    assert.equal(thawed, 1);
  }));

test.run();
