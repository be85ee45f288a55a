/**
 * An engine that dies at every step of a container's life, as it has sent a call and not heard the answer: when it is
 * back it finds what there is, and nothing is lost, done twice or told twice.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { statuses } from '../../../src/shim/task/messages.ts';
import { until } from '../support/wait.ts';
import { codes, Refused, type TaskClient } from './support/client.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: an engine that is killed');
const SIGKILL = 9;
const SIGTERM = 15;

const ends = (status: number) => ['sh', '-c', `trap "exit ${status}" TERM; while :; do sleep 0.01; done`];
const json = (type: string, value: unknown) => ({
  type_url: `types.containerd.io/opencontainers/runtime-spec/1/${type}`,
  value: new TextEncoder().encode(JSON.stringify(value)),
});
const exec = json('Process', { args: ends(9), cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } });

/** It would hear of the signal. */
const catches = (pid: number): boolean => {
  const caught = /^SigCgt:\s+([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return ((BigInt(`0x${caught}`) >> BigInt(SIGTERM - 1)) & 1n) === 1n;
};

async function whenItCatches(client: TaskClient, id: string, exec_id = ''): Promise<void> {
  const { pid = 0 } = await client.call('State', { id, exec_id });
  await until('it catches SIGTERM', () => catches(pid));
}

type Step = (client: TaskClient, id: string, laboratory: Laboratory) => Promise<unknown>;

/** What an engine asks for, one after another; before some of them something has to have happened. */
const life: readonly { readonly name: string; readonly ask: Step; readonly before?: Step }[] = [
  { name: 'Create', ask: (client, id, laboratory) => laboratory.create(client, id) },
  { name: 'Start', ask: (client, id) => client.call('Start', { id }) },
  { name: 'Exec', ask: (client, id) => client.call('Exec', { id, exec_id: 'e', spec: exec }) },
  { name: 'Start of the exec', ask: (client, id) => client.call('Start', { id, exec_id: 'e' }) },
  { name: 'Pause', ask: (client, id) => client.call('Pause', { id }) },
  { name: 'Resume', ask: (client, id) => client.call('Resume', { id }) },
  {
    name: 'Update',
    ask: (client, id) =>
      client.call('Update', { id, resources: json('LinuxResources', { pids: { limit: 99 } }) }),
  },
  {
    name: 'Kill of the exec',
    before: (client, id) => whenItCatches(client, id, 'e'),
    ask: (client, id) => client.call('Kill', { id, exec_id: 'e', signal: SIGTERM }),
  },
  { name: 'Wait for the exec', ask: (client, id) => client.call('Wait', { id, exec_id: 'e' }) },
  { name: 'Delete of the exec', ask: (client, id) => client.call('Delete', { id, exec_id: 'e' }) },
  {
    name: 'Kill',
    before: (client, id) => whenItCatches(client, id),
    ask: (client, id) => client.call('Kill', { id, signal: SIGTERM }),
  },
  { name: 'Wait', ask: (client, id) => client.call('Wait', { id }) },
  { name: 'Delete', ask: (client, id) => client.call('Delete', { id }) },
];
const indexOf = (name: string): number => life.findIndex((step) => step.name === name);

/** Undefined where the answer is that there is no such thing, or no more. */
async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Refused && error.code === codes.notFound) return undefined;
    throw error;
  }
}

/** What an engine does that finds a container it knew: it may be made, or started, a moment later. */
async function recover(client: TaskClient, id: string, died: number): Promise<void> {
  const wanted = died === 0 ? 0 : died === 1 ? statuses.running : undefined;
  await until(`${life[died]?.name}: what was asked for is done`, async () => {
    const state = await unlessGone(client.call('State', { id }));
    return died === indexOf('Delete') || (state !== undefined && (!wanted || state.status === wanted));
  });
  if (died === indexOf('Pause')) {
    await until('it is paused', async () => (await client.call('State', { id })).status === statuses.paused);
    await client.call('Resume', { id });
  }
  const known = await unlessGone(client.call('Pids', { id }));
  if (died < indexOf('Kill')) assert.ok((known?.processes?.length ?? 0) > 0, 'its processes are known');
  if (died >= indexOf('Kill of the exec') && died < indexOf('Delete of the exec'))
    assert.equal((await client.call('Wait', { id, exec_id: 'e' })).exit_status, 9);
  // One that was never started ends by nothing else.
  const signal = died === 0 ? SIGKILL : SIGTERM;
  if (died > 0 && died < indexOf('Kill')) await whenItCatches(client, id);
  await unlessGone(client.call('Kill', { id, signal }));
  const expected = died === 0 ? 137 : 42;
  const waited = await unlessGone(client.call('Wait', { id }));
  if (died < indexOf('Delete')) assert.equal(waited?.exit_status, expected);
  const deleted = await client.call('Delete', { id });
  assert.equal(deleted.exit_status, expected, 'Delete tells the status, also when it was asked before');
  assert.deepEqual(await client.call('Delete', { id }), deleted);
}

for (const [died, { name }] of life.entries())
  test(`at ${name}`, () =>
    withLaboratory({}, async (laboratory) => {
      const id = 'c';
      laboratory.bundle(id, ends(42));
      const { address } = await laboratory.start(id);
      const client = await laboratory.connect(address);
      for (const { ask, before } of life.slice(0, died)) {
        await before?.(client, id, laboratory);
        await ask(client, id, laboratory);
      }
      const last = life[died];
      await last?.before?.(client, id, laboratory);
      last?.ask(client, id, laboratory).catch(() => undefined);
      await laboratory.deafen();
      client.close();
      await laboratory.listen();
      const again = await laboratory.connect(address);
      await recover(again, id, died);
      await again.call('Shutdown', { id });
      await until('the shim ends', () => laboratory.shimPids().length === 0);
      // An event whose answer got lost with the engine may come again, behind itself.
      const topics = laboratory.topics(id).filter((topic, index, all) => topic !== all[index - 1]);
      const order = [
        'create',
        'start',
        'exec-added e',
        'exec-started e',
        'paused',
        'resumed',
        'exit e',
        'exit',
        'delete',
      ];
      const expected = order.filter((topic) => {
        if (topic === 'start') return died >= indexOf('Start');
        if (topic === 'exec-added e') return died >= indexOf('Exec');
        if (/ e$/.test(topic)) return died >= indexOf('Start of the exec');
        if (topic === 'paused' || topic === 'resumed') return died >= indexOf('Pause');
        return true;
      });
      assert.deepEqual(topics, expected);
      assert.deepEqual(laboratory.leftovers(), []);
    }));

test.run();
