import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import type { Packet } from '../../../src/host/native.ts';
import { carryOut } from '../../../src/launch/carry-out.ts';
import { undoFailed } from '../../../src/launch/messages.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { end, executing, FakeMachine, packet, ready } from './fake-stub.ts';

const test = suite('carryOut()');

const plan: Plan = {
  operations: [
    { kind: 'tell-mount', phase: 'confine', from: '/mounts/0', mount: 0, target: '/data' },
    { kind: 'finish', phase: 'confine', from: '' },
  ],
  inherited: [],
  slots: 1,
  preserve: 0,
  questions: [],
};
const mounted = (value: number) => packet({ type: 'mounted', value });
const failed = (errno: number, text: string) => packet({ type: 'failed', errno, text });
const EPROTO = 71;

async function play(script: readonly Packet[], done: (mounts: readonly number[]) => void = () => undefined) {
  const machine = new FakeMachine(script);
  const heard: (readonly number[])[] = [];
  const hear = (mounts: readonly number[]) => {
    heard.push(mounts);
    done(mounts);
  };
  const error = await carryOut(machine.host(true), plan, {}, hear).then(
    () => undefined,
    (problem: unknown) => problem as Failure,
  );
  // Whatever came: nothing is left of it.
  assert.deepEqual([...machine.open], [], 'descriptors');
  assert.deepEqual([...machine.children], [], 'children');
  assert.deepEqual(machine.problems, []);
  return { machine, heard, error };
}

test('records what was told, and lets the stub end', async () => {
  const { machine, heard, error } = await play([mounted(7), mounted(9), ready, end]);
  assert.equal(error, undefined);
  assert.deepEqual(heard, [[7, 9]]);
  assert.deepEqual(machine.sent, ['commit']);
});

test('a failure is told in the words of the document, and nothing is recorded', async () => {
  const { machine, heard, error } = await play([mounted(7), failed(13, 'details')]);
  assert.match(error?.message ?? '', /^mounts\[0\] \(\/data\): .*details: permission denied/);
  assert.deepEqual(heard, []);
  assert.deepEqual(machine.sent, []);
});

test('a stub that says nothing more has died', async () => {
  assert.match((await play([mounted(7), end])).error?.message ?? '', /died before it was done/);
});

test('what its plan gives no reason for is refused', async () => {
  assert.equal((await play([executing])).error?.code, 'internal');
  assert.equal((await play([ready, ready])).error?.code, 'internal');
});

const refuse = (): never => {
  throw new Failure('system', 'no room for the record');
};

test('what cannot be recorded is taken back by the stub', async () => {
  const { machine, error } = await play([mounted(7), ready, failed(EPROTO, 'another answer')], refuse);
  assert.match(error?.message ?? '', /no room for the record/);
  assert.deepEqual(error?.cleanup, []);
  assert.deepEqual(machine.sent, ['start']);
});

test('what goes wrong with that rides beside it', async () => {
  for (const [last, words] of [
    [failed(EPROTO, `another answer${undoFailed}unmounting`), /unmounting/],
    [failed(5, 'broken'), /broken/],
    [end, /died before it took back/],
  ] as const) {
    const { error } = await play([ready, last], refuse);
    assert.match(error?.message ?? '', /no room for the record/);
    const [beside, ...more] = (error?.cleanup ?? []) as Failure[];
    assert.match(beside?.message ?? '', words);
    assert.deepEqual(more, []);
  }
});

test.run();
