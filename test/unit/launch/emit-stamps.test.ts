import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { TraceStamp } from '../../../src/host/stopwatch.ts';
import { emitStamps } from '../../../src/launch/emit-stamps.ts';
import type { Launched } from '../../../src/launch/launch.ts';
import { startStamp } from '../../../src/launch/messages.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { fakeHost } from '../cli/fake-host.ts';

const test = suite('emit-stamps');

const plan: Plan = {
  operations: [
    { kind: 'open-proc', phase: 'prepare', from: '/x', slot: 0, processes: true },
    { kind: 'execute', phase: 'exec', from: '/process/args', args: ['sh'], environment: [], preserve: 0 },
  ],
  inherited: [],
  slots: 1,
  preserve: 0,
  questions: [],
};
const stamps = [
  {
    stage: 0,
    stamps: [
      { operation: startStamp, nanoseconds: 20n },
      { operation: 0, nanoseconds: 25n },
    ],
  },
  { stage: 1, stamps: [{ operation: 1, nanoseconds: 40n }] },
];
const launched = { pid: 9, stage0: 8, conversation: { stamps } } as unknown as Launched;

test('each operation lasted from the one before it, the first from when the stub was started', () => {
  const told: TraceStamp[] = [];
  emitStamps({ host: fakeHost({}), trace: { add: (stamp) => void told.push(stamp) } }, plan, launched, 10n);
  assert.deepEqual(
    told.map(({ name, category, startNs, endNs, pid }) => [name, category, startNs, endNs, pid]),
    [
      ['start the stub', 'stub:prepare', 10n, 20n, 8],
      ['open-proc', 'stub:prepare', 20n, 25n, 8],
      ['execute', 'stub:exec', 25n, 40n, 9],
    ],
  );
  assert.equal(told[2]?.args?.['from'], '/process/args');
});

test.run();
