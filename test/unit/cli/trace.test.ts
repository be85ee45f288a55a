import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Trace, writeTrace } from '../../../src/cli/trace.ts';
import { Failure } from '../../../src/failure.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('trace');

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

function sample(): Trace {
  const trace = new Trace();
  trace.add({
    name: 'mount',
    category: 'stub:rootfs',
    startNs: 2_001_500n,
    endNs: 2_002_000n,
    pid: 8,
    args: { from: '/mounts/0' },
  });
  trace.add({ name: 'plan', category: 'container', startNs: 2_000_000n, endNs: 2_001_000n, pid: 7 });
  return trace;
}

test('toJson() is a Trace Event document in microseconds from the first stamp', () => {
  const { traceEvents } = JSON.parse(sample().toJson(7)) as { traceEvents: Event[] };
  const [mount, plan] = traceEvents.filter(({ ph }) => ph === 'X');
  assert.deepEqual([mount?.ts, mount?.dur, mount?.pid, mount?.cat], [1.5, 0.5, 8, 'stub:rootfs']);
  assert.deepEqual(mount?.args, { from: '/mounts/0' });
  assert.deepEqual([plan?.ts, plan?.dur, plan?.pid], [0, 1, 7]);
  const names = traceEvents.filter(({ ph, name }) => ph === 'M' && name === 'process_name');
  assert.deepEqual(
    names.map(({ pid, args }) => [pid, args['name']]),
    [
      [8, 'tsoci-init'],
      [7, 'tsoci'],
    ],
  );
});

test('toJson() of nothing is a document as well', () => {
  assert.deepEqual(JSON.parse(new Trace().toJson(1)), { displayTimeUnit: 'ns', traceEvents: [] });
});

test('writeTrace() closes its file and names it in errors', () => {
  let open = 0;
  const calls = { processId: () => 7, open: () => ++open, close: () => void open-- };
  writeTrace(sample(), '/t', fakeHost({ ...calls, write: () => {} }).native);
  assert.equal(open, 0);
  const full = () => {
    throw new Error('ENOSPC');
  };
  assert.throws(
    () => writeTrace(sample(), '/t', fakeHost({ ...calls, write: full }).native),
    (error: unknown) =>
      error instanceof Failure && error.message.startsWith('write the timeline to "/t": ENOSPC'),
  );
  assert.equal(open, 0);
});

test.run();
