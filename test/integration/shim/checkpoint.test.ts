/** Checkpoint and restore through the Task service, where CRIU works. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { encodeMessage } from '../../../src/protobuf.ts';
import { statuses } from '../../../src/shim/task/messages.ts';
import { checkpointOptions } from '../../../src/shim/task/restore.ts';
import { whyNoCriu } from '../support/checkpoints.ts';
import { testWhere } from '../support/skip.ts';
import { until } from '../support/wait.ts';
import type { TaskClient } from './support/client.ts';
import { killedEverywhere } from './support/killed.ts';
import { withLaboratory } from './support/laboratory.ts';

const test = suite('shim: checkpoint');
const missing = whyNoCriu();

const counting = ['sh', '-c', 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'];

/** What a fifo gives from now on. */
function follow(path: string): { readonly text: () => string } {
  execFileSync('mkfifo', ['-m', '0700', path]);
  let text = '';
  createReadStream(path, { encoding: 'utf8' }).on('data', (data) => {
    text += data;
  });
  return { text: () => text };
}

const last = (text: string): number => Number(text.trim().split('\n').at(-1));

testWhere(
  test,
  missing === undefined,
  missing ?? '',
  'a counter goes on from where it was saved, in another container, and its output comes to the new client',
  () =>
    withLaboratory({}, async (laboratory) => {
      const stdout = join(laboratory.directory, 'out');
      const before = follow(stdout);
      laboratory.bundle('a', counting);
      const client = await laboratory.serve('a');
      await laboratory.create(client, 'a', { stdout });
      await client.call('Start', { id: 'a' });
      await until('it counts', () => last(before.text()) >= 3);
      const images = join(laboratory.directory, 'images');
      mkdirSync(images);
      await client.call('Checkpoint', { id: 'a', path: images });
      assert.equal(
        (await client.call('State', { id: 'a' })).status,
        statuses.running,
        'without options it goes on',
      );
      const exit = encodeMessage(checkpointOptions, { exit: true });
      const again = join(laboratory.directory, 'again');
      mkdirSync(again);
      const options = { type_url: 'containerd.runc.v1.CheckpointOptions', value: exit };
      await client.call('Checkpoint', { id: 'a', path: again, options });
      assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 137);
      const saved = last(before.text());
      await client.call('Delete', { id: 'a' });
      await client.call('Shutdown', { id: 'a' });

      const fresh = join(laboratory.directory, 'fresh');
      const after = follow(fresh);
      laboratory.bundle('b', counting);
      const restored = await laboratory.serve('b');
      await laboratory.create(restored, 'b', { stdout: fresh, checkpoint: again });
      const { pid } = await restored.call('Start', { id: 'b' });
      assert.ok(pid);
      await until('it goes on', () => after.text().includes('\n'));
      assert.ok(Number(after.text().split('\n')[0]) >= saved, `${after.text()} after ${saved}`);
      await restored.call('Kill', { id: 'b', signal: 9 });
      assert.equal((await restored.call('Wait', { id: 'b' })).exit_status, 137);
      await restored.call('Delete', { id: 'b' });
      await until('the last event', () => laboratory.topics('b').includes('delete'));
      assert.deepEqual(laboratory.topics('b'), ['create', 'start', 'exit', 'delete']);
      assert.ok(laboratory.topics('a').includes('checkpointed'));
      await restored.call('Shutdown', { id: 'b' });
    }),
);

testWhere(
  test,
  missing === undefined,
  missing ?? '',
  'a shim that is killed at any step of Checkpoint, or of a restore, leaves nothing that delete does not remove',
  () =>
    withLaboratory({}, async (laboratory) => {
      const images = (id: string): string => {
        const path = join(laboratory.directory, `images-${id}`);
        mkdirSync(path);
        return path;
      };
      const run = async (id: string, client: TaskClient): Promise<void> => {
        await laboratory.create(client, id);
        await client.call('Start', { id });
        await until('it runs', async () => (await client.call('State', { id })).status === statuses.running);
      };
      const end = async (id: string, client: TaskClient): Promise<void> => {
        await client.call('Kill', { id, signal: 9 });
        await client.call('Wait', { id });
        await client.call('Delete', { id });
        await client.call('Shutdown', { id });
      };
      const saving = await killedEverywhere(laboratory, 13, (place) => ({
        id: `c${place}`,
        before: (_, client, id) => run(id, client),
        asked: async (_, client, id) => {
          await client.call('Checkpoint', { id, path: images(id) });
          await end(id, client);
        },
      }));
      assert.ok(saving > 10, `${saving} places of Checkpoint`);
      laboratory.bundle('saved', ['sleep', '1000']);
      const client = await laboratory.serve('saved');
      await run('saved', client);
      const checkpoint = images('saved');
      await client.call('Checkpoint', { id: 'saved', path: checkpoint });
      await end('saved', client);
      const restoring = await killedEverywhere(laboratory, 13, (place) => ({
        id: `r${place}`,
        asked: async (_, restored, id) => {
          await laboratory.create(restored, id, { checkpoint });
          await restored.call('Start', { id });
          await end(id, restored);
        },
      }));
      assert.ok(restoring > 10, `${restoring} places of a restore`);
    }),
);

test.run();
