import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import type { ProcessExit } from '../../../src/container/types.ts';
import type { Native } from '../../../src/host/native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import type { Runtime } from '../../../src/library/runtime.ts';
import { startProcess } from '../../../src/library/started.ts';
import { contextOn } from '../container/context.ts';
import { native, nativeWith } from '../container/support.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { failureOf } from '../refusal.ts';
import { runtimeOn } from './support.ts';

const test = suite('a process that was started here');

const pid = 4_194_300;
const ended: ProcessExit = { id: 'c', pid, code: 3, signal: undefined };

/** A runtime on this machine, but for some calls. */
function machine(calls: Partial<Native> = {}) {
  const context = contextOn('/nowhere', [], nativeWith(calls));
  return runtimeOn({ ...context, host: { ...context.host, wait: watchingWait(native) } });
}

/** Started, with the runtime that whoever starts it was given. */
async function started({ runtime }: { readonly runtime: Runtime }, terminal?: number) {
  let given = runtime;
  const process = await startProcess(runtime, 'c', 'ignore', async (context) => {
    given = context;
    return { pid, ...(terminal !== undefined && { terminal }) };
  });
  return { process, given };
}

test('its end is told to whoever waits for it, and to the host as well', async () => {
  const { runtime, told } = machine();
  const { process, given } = await started({ runtime });
  assert.deepEqual([process.id, process.pid], ['c', pid]);
  given.onExit?.(ended);
  assert.equal(await process.exited, ended);
  assert.deepEqual(told, [ended]);
});

test('an end that comes before whoever started it has it is told all the same', async () => {
  const { runtime } = machine();
  const process = await startProcess(runtime, 'c', undefined, async (context) => {
    context.onExit?.(ended);
    return { pid };
  });
  assert.equal(await process.exited, ended);
  assert.equal(failureOf(() => process.kill()).code, 'status');
});

test('the streams that were chosen are given to whoever starts it, and closed here when it has them', async () => {
  const { runtime } = machine();
  const before = openDescriptors(native);
  let during = 0;
  const process = await startProcess(
    runtime,
    'c',
    { stdin: 'ignore', stdout: 'pipe' },
    async (_, { descriptors }) => {
      during = newDescriptors(native, before, 3).length;
      assert.equal(descriptors[2], 2);
      return { pid };
    },
  );
  assert.equal(during, 3);
  assert.ok(process.stdout && !process.stdin && !process.stderr);
  process.stdout.destroy();
  await once(process.stdout, 'close');
  assert.deepEqual(newDescriptors(native, before), []);
});

test('when it cannot be started no stream is left open, and the reason is told as it is', async () => {
  const { runtime } = machine();
  const before = openDescriptors(native);
  const reason = new Error('why');
  await assert.rejects(
    startProcess(runtime, 'c', 'pipe', async () => {
      throw reason;
    }),
    reason,
  );
  assert.deepEqual(newDescriptors(native, before), []);
});

test('kill() takes a signal by number or by name, and TERM unless given', async () => {
  const sent: [number, number][] = [];
  const { process } = await started(machine({ kill: (...words) => void sent.push(words) }));
  for (const signal of [undefined, 9, 'HUP', 'SIGUSR1', 'kill']) process.kill(signal);
  assert.deepEqual(
    sent,
    [15, 9, 1, 10, 9].map((number) => [pid, number]),
  );
  const failure = failureOf(() => process.kill('BOGUS'));
  assert.deepEqual([failure.code, sent.length], ['invalid', 5]);
});

test('kill() of one that has ended signals nobody, who may have its number by now', async () => {
  const { process, given } = await started(
    machine({ kill: () => assert.fail('somebody was signalled') as never }),
  );
  given.onExit?.(ended);
  const failure = failureOf(() => process.kill('KILL'));
  assert.deepEqual([failure.code, failure.message], ['status', `process ${pid} of container "c" has ended`]);
});

const size = { rows: 24, columns: 80 };

test('resize() of a process without a terminal is refused', async () => {
  const { process } = await started(machine());
  const failure = failureOf(() => process.resize(size));
  assert.deepEqual(
    [failure.code, failure.message],
    ['status', `process ${pid} of container "c" has no terminal here`],
  );
});

const on = existsSync('/dev/ptmx') ? test : test.skip;
on('resize() tells the terminal, until that is closed and its descriptor another’s', async () => {
  const terminal = native.open('/dev/ptmx', 0o2000402, 0);
  const { process } = await started(machine(), terminal);
  process.resize(size);
  assert.deepEqual(native.windowSize(terminal), size);
  process.terminal?.destroy();
  const failure = failureOf(() => process.resize({ rows: 1, columns: 1 }));
  assert.deepEqual([failure.code, /no terminal any more$/.test(failure.message)], ['status', true]);
  await once(process.terminal as never, 'close');
});

test.run();
