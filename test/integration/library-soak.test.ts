/**
 * A host process that lives long: many lifecycles with execs leave no zombie, no descriptor and no thread behind.
 * TSOCI_TEST_LIFECYCLES says how many; a thousand take half a minute.
 */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as tsoci from '../../src/index.ts';
import { childrenOf, hasEnded } from './support/processes.ts';
import { withSandbox } from './support/sandbox.ts';

const test = suite('library: soak');

/** An emulated machine is five to fifteen times slower. */
const usual = process.env['TSOCI_TEST_VM'] === '1' ? 60 : 1000;
const total = Number(process.env['TSOCI_TEST_LIFECYCLES'] ?? usual);
const together = 4;

/** Children of this process that have ended and that nobody has reaped. */
const zombies = (): number[] => childrenOf(process.pid).filter(hasEnded);

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** One container from its making to its end, with a process more that ends, one that does not, and a pipe. */
async function lifecycle(runtime: tsoci.Runtime, id: string, bundle: string): Promise<void> {
  const container = await tsoci.create(runtime, { id, bundle, streams: 'ignore' });
  await tsoci.start(runtime, id);
  const staying = await tsoci.exec(runtime, id, { args: ['sleep', '1000'], streams: 'ignore' });
  const asked = await tsoci.exec(runtime, id, {
    args: ['sh', '-c', 'echo here; exit 5'],
    streams: { stdin: 'ignore', stdout: 'pipe' },
  });
  let said = '';
  for await (const chunk of asked.stdout ?? []) said += chunk;
  assert.equal(said, 'here\n');
  assert.equal((await asked.exited).code, 5);
  await tsoci.kill(runtime, id, 'KILL');
  assert.equal((await container.exited).signal, 9);
  assert.equal((await staying.exited).signal, 9);
  await tsoci.remove(runtime, id);
}

test(`${total} lifecycles: no zombie and no descriptor more`, () =>
  withSandbox(async (sandbox) => {
    const runtime = tsoci.openRuntime({ root: sandbox.root });
    const { directory } = sandbox.script('exec sleep 1000');
    const ids = Array.from({ length: together }, () => sandbox.id());
    const round = () => Promise.all(ids.map((id) => lifecycle(runtime, id, directory)));
    await round();
    const before = descriptors();
    for (let done = together; done < total; done += together) await round();
    // A stream's descriptor is closed after its end was told.
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(zombies(), []);
    assert.ok(descriptors() <= before, `${descriptors()} descriptors instead of ${before}`);
    assert.equal(runtime.tracked.size, 0);
  }));

test('positive control: a child that nobody reaps is found', async () => {
  const { native } = tsoci.openRuntime({ root: '/nonexistent' }).host;
  const pid = native.spawn({ file: '/bin/true', argv: ['true'], environment: [], descriptors: [0, 1, 2] });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(zombies(), [pid]);
  native.wait(pid, false);
  assert.deepEqual(zombies(), []);
});

test.run();
