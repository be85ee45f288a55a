import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Stopwatch, type TraceStamp } from '../../../src/host/stopwatch.ts';
import { fakeHost } from '../cli/fake-host.ts';

const test = suite('stopwatch');

test('each lap lasts from the one before it', () => {
  let clock = 100n;
  const stamps: TraceStamp[] = [];
  const host = fakeHost({ monotonic: () => clock, processId: () => 7 });
  const watch = new Stopwatch({ host, trace: { add: (stamp) => void stamps.push(stamp) } });
  clock = 130n;
  watch.lap('first');
  clock = 135n;
  watch.lap('second');
  assert.deepEqual(
    stamps.map(({ name, startNs, endNs, pid }) => [name, startNs, endNs, pid]),
    [
      ['first', 100n, 130n, 7],
      ['second', 130n, 135n, 7],
    ],
  );
});

test('who is not traced does not even look at the clock', () => {
  new Stopwatch({ host: fakeHost({}) }).lap('x');
});

test.run();
