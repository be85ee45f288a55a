import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  explainSeccomp,
  forbiddenCalls,
  seccompAdvice,
} from '../../../../src/container/create/explain-seccomp.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Seccomp } from '../../../../src/spec/config.ts';

const test = suite('explain-seccomp');

const deaf: Seccomp = { defaultAction: 'SCMP_ACT_ERRNO' };
const all = ['write', 'execve', 'exit_group'];

test('what a program cannot be started without, where the profile forbids it', () => {
  assert.deepEqual(
    forbiddenCalls(deaf),
    all.map((name) => `${name} (SCMP_ACT_ERRNO)`),
  );
  assert.deepEqual(forbiddenCalls({ defaultAction: 'SCMP_ACT_LOG' }), []);
  const only = { ...deaf, syscalls: [{ names: ['write', 'exit_group'], action: 'SCMP_ACT_ALLOW' }] } as const;
  assert.deepEqual(forbiddenCalls(only), ['execve (SCMP_ACT_ERRNO)']);
  const killed = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['execve'], action: 'SCMP_ACT_KILL' }],
  } as const;
  assert.deepEqual(forbiddenCalls(killed), ['execve (SCMP_ACT_KILL)']);
});

test('a rule with conditions is not judged', () => {
  const args = [{ index: 0, value: 2, op: 'SCMP_CMP_EQ' }] as const;
  for (const action of ['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO'] as const)
    assert.deepEqual(forbiddenCalls({ ...deaf, syscalls: [{ names: all, action, args }] }), []);
});

test('the first rule about a call is the one that counts', () => {
  const syscalls = [
    { names: all, action: 'SCMP_ACT_NOTIFY' },
    { names: ['write'], action: 'SCMP_ACT_KILL' },
  ] as const;
  assert.deepEqual(forbiddenCalls({ ...deaf, syscalls }), []);
});

test('seccompAdvice() says what is missing and what to allow', () => {
  assert.match(
    seccompAdvice({ ...deaf, syscalls: [{ names: ['write', 'execve'], action: 'SCMP_ACT_ALLOW' }] }) ?? '',
    /does not allow exit_group \(SCMP_ACT_ERRNO\), without which no program can be started: allow write, execve/,
  );
  assert.equal(seccompAdvice(undefined), undefined);
  assert.equal(seccompAdvice({ defaultAction: 'SCMP_ACT_ALLOW' }), undefined);
});

test('explainSeccomp() blames the filter for a program that could not be executed, and for nothing else', () => {
  const hintAfter = (error: Failure, seccomp: Seccomp | undefined = deaf) => {
    assert.equal(explainSeccomp({ linux: { ...(seccomp && { seccomp }) } }, error), error);
    return error.hint;
  };
  assert.match(hintAfter(new Failure('exec', 'cannot execute')) ?? '', /linux\.seccomp does not allow write/);
  assert.match(
    hintAfter(new Failure('system', 'the process died before it executed')) ?? '',
    /linux\.seccomp/,
  );
  assert.equal(hintAfter(new Failure('system', 'another reason')), undefined);
  assert.equal(hintAfter(new Failure('exec', 'x', { hint: 'Known' })), 'Known');
  assert.equal(hintAfter(new Failure('exec', 'x'), { defaultAction: 'SCMP_ACT_ALLOW' }), undefined);
  const slip = new TypeError('ours');
  assert.equal(explainSeccomp({ linux: { seccomp: deaf } }, slip), slip);
});

test.run();
