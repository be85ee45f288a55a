import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type ActionRow, actions, strictness } from '../../../../src/seccomp/profile/actions.ts';
import type { SeccompAction } from '../../../../src/spec/config.ts';

const test = suite('seccomp: actions');

const names = Object.keys(actions) as SeccompAction[];
const having = (holds: (row: ActionRow) => boolean) => names.filter((name) => holds(actions[name])).sort();

test('strictness() has the kernel’s order between filters, in which data does not count', () => {
  const order: readonly SeccompAction[] = [
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_KILL_THREAD',
    'SCMP_ACT_TRAP',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_NOTIFY',
    'SCMP_ACT_TRACE',
    'SCMP_ACT_LOG',
    'SCMP_ACT_ALLOW',
  ];
  const sorted = order
    .toReversed()
    .sort((a, b) => strictness(actions[a].value) - strictness(actions[b].value));
  assert.deepEqual(sorted, order);
  const { value } = actions.SCMP_ACT_ERRNO;
  assert.equal(strictness(value | 0xffff), strictness(value));
  assert.ok(strictness(value | 0xffff) < strictness(actions.SCMP_ACT_NOTIFY.value));
});

test('KILL is the thread, as it always was', () => {
  assert.deepEqual(actions.SCMP_ACT_KILL, actions.SCMP_ACT_KILL_THREAD);
});

test('those with an errno of their own, and those that mean that a call must not happen', () => {
  assert.deepEqual(
    having(({ takesErrno }) => takesErrno),
    ['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE'],
  );
  assert.deepEqual(
    having(({ denies }) => denies),
    ['SCMP_ACT_ERRNO', 'SCMP_ACT_KILL', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_KILL_THREAD'],
  );
});

test.run();
