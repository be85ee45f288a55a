import { strict as assert } from 'node:assert';
import type { Operation } from '../../src/plan/operations.ts';
import { failWith, type Outcome, shell, step, succeed } from './support/stub.ts';
import { stubSuite } from './support/stub-suite.ts';

const { test, bench } = stubSuite('the stub: labels');

const EACCES = 13;

function write(attribute: string, value: string): Outcome {
  const label: Operation = step('confine', 'label', { proc: 0, attribute, value });
  const clone: Operation = step('namespaces', 'clone', { flags: 0n, cgroup: 0xffff_ffff });
  return bench.run({
    slots: 1,
    operations: [
      step('prepare', 'open-proc', { slot: 0, processes: true }),
      clone,
      label,
      ...shell('echo went on'),
    ],
  });
}

test('positive control: one that reads back as it was written is taken', () => {
  assert.equal(succeed(write('../comm', 'short')), 'went on\n');
});

test('one that reads back as another ends it', () => {
  failWith(write('../comm', 'longer-than-a-name-may-be'), EACCES, /the label is "longer-than-a-n/);
});

test('one that no module takes ends it', () => {
  const outcome = write('apparmor/no-such-file', 'profile');
  assert.ok(outcome.failure !== undefined);
  assert.doesNotMatch(outcome.output, /went on/);
});

test.run();
