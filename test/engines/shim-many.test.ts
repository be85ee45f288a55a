/** A thousand containers in one shim. TSOCI_TEST_CONTAINERS=N for fewer. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { withLaboratory } from '../integration/shim/support/laboratory.ts';
import { testWhere } from '../integration/support/skip.ts';
import { until } from '../integration/support/wait.ts';
import { isOurs } from './support/engine-runtime.ts';

const test = suite('shim: many containers');
const number = Number(process.env['TSOCI_TEST_CONTAINERS'] ?? 1000);
const SIGKILL = 9;

const own = (pid: number): number =>
  Number(/^Private_Dirty:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

testWhere(
  test,
  isOurs,
  'it asks for tsoci itself',
  'each runs, is answered for, and ends by itself; the last costs no more than the first; nothing is left',
  () =>
    withLaboratory({}, async (laboratory) => {
      const ids = Array.from({ length: number }, (_, index) => `c${index}`);
      laboratory.bundle('c0', ['sleep', '100000']);
      const client = await laboratory.serve('c0');
      const { shim_pid: shim = 0 } = await client.call('Connect', { id: 'c0' });
      const first = own(shim);
      const times: number[] = [];
      for (const id of ids) {
        if (id !== 'c0') laboratory.bundle(id, ['sleep', '100000']);
        const began = performance.now();
        await laboratory.create(client, id);
        await client.call('Start', { id });
        times.push(performance.now() - began);
      }
      const fifth = Math.ceil(number / 5);
      const [early, late] = [median(times.slice(0, fifth)), median(times.slice(-fifth))];
      assert.ok(late < early * 3, `${early} ms at first, ${late} ms at last`);
      const each = () => (own(shim) - first) / number;
      await until('rings are found', () => each() < 50, 10).catch(() => undefined);
      assert.ok(each() < 50, `${each()} KB each`);
      assert.ok(readdirSync(`/proc/${shim}/task`).length <= 3);
      const states = await Promise.all(ids.map((id) => client.call('State', { id })));
      assert.equal(new Set(states.map(({ pid }) => pid)).size, number);
      const waiting = ids.map((id) => client.call('Wait', { id }));
      await Promise.all(ids.map((id) => client.call('Kill', { id, signal: SIGKILL })));
      const statuses = await Promise.all(waiting);
      assert.ok(statuses.every(({ exit_status }) => exit_status === 128 + SIGKILL));
      await Promise.all(ids.map((id) => client.call('Delete', { id })));
      await client.call('Shutdown', { id: 'c0' });
      await until('the shim ends', () => laboratory.shimPids().length === 0);
      assert.deepEqual(laboratory.leftovers(), []);
      for (const id of ids)
        assert.deepEqual(laboratory.topics(id), ['create', 'start', 'exit', 'delete'], id);
      console.log(`${early.toFixed(1)} ms at first, ${late.toFixed(1)} ms at last`);
    }),
);

test.run();
