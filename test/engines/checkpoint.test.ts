/** Checkpoint and restore through containerd, with our shim, where CRIU works: in a machine of machines.test.ts. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { whyNoCriu } from '../integration/support/checkpoints.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { engineSuite } from './support/engine-suite.ts';

process.env['TSOCI_ENGINE_SHIM'] = '1';
const missing = whyNoCriu();
const needs = missing === undefined ? [] : [`no-criu=CRIU that works (${missing})`];
const test = engineSuite('containerd, with our shim,', [...needs, 'containerd', 'ctr=containerd'], () =>
  Containerd.open(),
);

/** Memory of its own keeps the number; nobody reads its output, and so nothing of it is open. */
const counting = [
  'sh',
  '-c',
  'trap "exit 5" TERM; i=0; while :; do i=$((i + 1)); echo $i > /dev/shm/count.new; mv /dev/shm/count.new /dev/shm/count; sleep 0.1; done',
];

async function count(engine: Containerd, id: string): Promise<number> {
  const name = `count-${Math.random()}`;
  const { stdout } = await engine.ctr(['tasks', 'exec', '--exec-id', name, id, 'cat', '/dev/shm/count']);
  return Number(stdout.trim());
}

test('a task is saved with its container, ends, and goes on in another from where it was', async (engine) => {
  const id = await engine.running(counting);
  await until('it counts', async () => (await count(engine, id)) >= 3);
  const saved = 'localhost/saved:latest';
  expectSuccess(await engine.ctr(['containers', 'checkpoint', '--task', '--image', id, saved]));
  const then = await count(engine, id);
  assert.ok(then >= 3, 'the task goes on');
  await engine.remove(id);
  const again = engine.id();
  expectSuccess(await engine.ctr(['containers', 'restore', '--live', again, saved]));
  await until('it counts on', async () => (await count(engine, again)) > 3);
  assert.equal(await engine.status(again), 'RUNNING');
  expectSuccess(await engine.ctr(['tasks', 'kill', '--signal', 'SIGTERM', again]));
  await engine.reached(again, 'STOPPED');
  assert.match((await engine.ctr(['tasks', 'delete', again])).stderr, /exit code 5/);
  await engine.remove(again);
});

test('a checkpoint that cannot be says why, and where CRIU’s own words are', async (engine) => {
  const connected = 'nc -l -p 999 -e cat & sleep 0.5; sleep 1000 | nc 127.0.0.1 999';
  const id = await engine.running(['sh', '-c', connected]);
  const connections = ['tasks', 'exec', '--exec-id', 'look', id, 'cat', '/proc/net/tcp'];
  await until('it is connected', async () => / 01 /.test((await engine.ctr(connections)).stdout));
  const { code, stderr } = await engine.ctr(['tasks', 'checkpoint', id]);
  assert.notEqual(code, 0);
  assert.match(stderr, /OCI runtime checkpoint failed: .*path= \S+criu-dump\.log/);
  const log = /path= (\S+criu-dump\.log)/.exec(stderr)?.[1] ?? '';
  assert.match(readFileSync(log, 'utf8'), /Connected TCP socket/i);
  assert.equal(await engine.status(id), 'RUNNING');
  await engine.remove(id);
});

test.run();
