import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { superviseContainer } from '../../../src/cli/foreground.ts';
import type { RunningContainer } from '../../../src/container/run.ts';
import type { SpawnOptions } from '../../../src/host/native.ts';
import { contextOn } from '../container/context.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('a container in the foreground');

/** What this process becomes, and what was done before. */
async function became(container: RunningContainer, keep: boolean) {
  const order: string[] = [];
  let seen: SpawnOptions | undefined;
  const { native } = fakeHost({
    execute: (wanted) => {
      order.push('execute');
      seen = wanted;
      throw new Error('executed');
    },
  });
  const call = {
    again: async (words: readonly string[]) => {
      order.push(`again ${words.join(' ')}`);
      return { argv: ['/bin/tsoci', '--root', '/r', ...words], environment: ['A=1'] };
    },
    flush: () => void order.push('flush'),
  };
  const running = { stub: 9, ...container };
  await assert.rejects(
    superviseContainer(call, contextOn('/r', [], native), running, { id: 'web', keep }),
    /^Error: executed$/,
  );
  return { order, argv: seen?.argv.slice(2), environment: seen?.environment };
}

const afterwards = ['--', '/bin/tsoci', '--root', '/r', 'delete', '--force', '--ended', 'web'];

test('the timeline is written before this process is another program, which keeps no file of it', async () => {
  const { order, environment } = await became({ pid: 77 }, false);
  assert.deepEqual(order, ['again delete --force --ended web', 'flush', 'execute']);
  assert.deepEqual(environment, ['A=1']);
});

test('a container is deleted afterwards, by a call that knows its state directory', async () => {
  const { argv } = await became({ pid: 77 }, false);
  assert.deepEqual(argv, ['77', '-1', '--of', '/r/web', ...afterwards]);
});

test('of a container of which little is left, that is removed without another call', async () => {
  const { argv } = await became({ pid: 77, tidy: ['/r/web', '/cg/web'] }, false);
  assert.deepEqual(argv, ['77', '-1', '--tidy', '/r/web', '/cg/web', ...afterwards]);
});

test('a container that is to be kept is not touched', async () => {
  assert.deepEqual((await became({ pid: 77, tidy: ['/r/web', '/cg/web'] }, true)).argv, ['77', '-1']);
  assert.deepEqual((await became({ pid: 77 }, true)).argv, ['77', '-1']);
});

test.run();
