/** What a shim takes of memory for itself: with one container, for each further one, and after many requests. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { until } from '../support/wait.ts';
import { withLaboratory } from './support/laboratory.ts';

const test = suite('shim: memory');
const SIGKILL = 9;

/** Kilobytes that only this process has and that it has written. */
const written = (pid: number): number =>
  Number(/^Private_Dirty:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);

test('at most 1.5 MB with a container, 50 KB for each further one, and no more for a thousand requests', () =>
  withLaboratory({}, async (laboratory) => {
    const inPod = (id: string) =>
      laboratory.running(id, ['sleep', '1000'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': 'c0' };
      });
    const { client } = await inPod('c0');
    const shim = await laboratory.onlyShim();
    await until('mounting has ended', () => written(shim) < 1500, 5);
    const first = written(shim);
    const ids = Array.from({ length: 16 }, (_, index) => `c${index + 1}`);
    for (const id of ids) await inPod(id);
    // Rings of objects are looked for when it has nothing else to do.
    const each = () => (written(shim) - first) / ids.length;
    await until('rings are found', () => each() < 50, 5).catch(() => undefined);
    assert.ok(each() < 50, `${each()} KB each`);
    const before = written(shim);
    for (let times = 0; times < 1000; times += 25)
      await Promise.all(Array.from({ length: 25 }, () => client.call('State', { id: 'c0' })));
    const grown = () => written(shim) - before;
    await until('rings are found', () => grown() < 200, 5).catch(() => undefined);
    assert.ok(grown() < 200, `${grown()} KB more`);
    for (const id of [...ids, 'c0']) {
      await client.call('Kill', { id, signal: SIGKILL });
      await client.call('Wait', { id });
      await client.call('Delete', { id });
    }
    await client.call('Shutdown', { id: 'c0' });
  }));

test.run();
