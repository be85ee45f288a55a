/**
 * Security labels (security.md): written through the private procfs, then read back. This machine has no module that takes any, so
 * the name of the task stands in for one: it too is a file of the task that takes a text, and it cuts long ones short.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Operation } from '../../src/plan/operations.ts';
import { type Bench, failWith, type Outcome, openBench, shell, step, succeed } from './support/stub.ts';

const test = suite('the stub: labels');
let bench: Bench;
test.before(() => {
  bench = openBench();
});
test.after(() => bench.remove());

const EACCES = 13;

function write(attribute: string, value: string): Outcome {
  const label: Operation = step('confine', 'label', { proc: 0, attribute, value });
  const clone: Operation = step('namespaces', 'clone', { flags: 0n, cgroup: 0xffff_ffff });
  return bench.run({
    slots: 1,
    operations: [
      step('prepare', 'open-proc', { slot: 0, processes: 1 }),
      clone,
      label,
      ...shell('echo went on'),
    ],
  });
}

test('positive control: one that reads back as it was written is taken', () => {
  assert.is(succeed(write('../comm', 'short')), 'went on\n');
});

test('one that reads back as another ends it', () => {
  failWith(write('../comm', 'longer-than-a-name-may-be'), EACCES, /the label is "longer-than-a-n/);
});

test('one that no module takes ends it', () => {
  const outcome = write('apparmor/no-such-file', 'profile');
  assert.ok(outcome.failure !== undefined);
  assert.not.match(outcome.output, /went on/);
});

test.run();
