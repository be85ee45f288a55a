import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';
import type { Host } from '../../../../src/host/host.ts';
import { watchingWait } from '../../../../src/host/wait.ts';
import { decodeMessage } from '../../../../src/protobuf.ts';
import { eventService, forwardRequest } from '../../../../src/shim/task/event-messages.ts';
import { EventQueue } from '../../../../src/shim/task/events.ts';
import { serveAt } from '../serving.ts';

const native = loadNative(findLibexec());
const wait = watchingWait(native);
const test = suite('shim: the queue of events');
const directory = mkdtempSync(join(tmpdir(), 'tsoci-events-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

const fail = (message: string): void => {
  throw new Error(message);
};

test('whoever publishes goes on first: nothing is sent before the loop has come round', async () => {
  const asked: string[] = [];
  let comeRound = (): void => undefined;
  const host = {
    native,
    wait: {
      ...wait,
      pause: (milliseconds: number) => {
        asked.push(`pause ${milliseconds}`);
        return new Promise<void>((resolve) => {
          comeRound = resolve;
        });
      },
      connect: (path: string) => {
        asked.push(`connect ${path}`);
        return new Promise<number>(() => undefined);
      },
    },
  } as unknown as Host;
  const queue = new EventQueue(host, { path: 'somewhere', namespace: 'n' }, fail);
  queue.publish('/tasks/paused', { container_id: 'a' });
  // As many steps as any answer takes until it is with the kernel.
  for (let step = 0; step < 100; step++) await Promise.resolve();
  queue.publish('/tasks/resumed', { container_id: 'a' });
  assert.deepEqual(asked, ['pause 1']);
  comeRound();
  for (let step = 0; step < 100; step++) await Promise.resolve();
  assert.deepEqual(asked, ['pause 1', 'connect somewhere']);
});

test('all come in their order, with the time at which they happened, also when nobody listened then', async () => {
  const path = join(directory, 'socket');
  const heard: { readonly topic?: string; readonly at: number }[] = [];
  const queue = new EventQueue({ native, wait } as unknown as Host, { path, namespace: 'n' }, fail);
  const before = Date.now();
  queue.publish('/tasks/create', { container_id: 'a', pid: 7 });
  queue.publish('/tasks/start', { container_id: 'a', pid: 7 });
  await wait.pause(100);
  const after = Date.now();
  queue.publish('/tasks/exit', { container_id: 'a', id: 'a', pid: 7 });
  const forward = async (payload: Uint8Array): Promise<Uint8Array> => {
    const { envelope } = decodeMessage(forwardRequest, payload);
    const { seconds = 0n, nanos = 0 } = envelope?.timestamp ?? {};
    heard.push({ topic: envelope?.topic ?? '', at: Number(seconds) * 1000 + nanos / 1e6 });
    return new Uint8Array(0);
  };
  const services = new Map([[eventService, new Map([['Forward', forward]])]]);
  const end = serveAt(path, services, fail);
  await queue.flushed(20_000);
  await end();
  assert.deepEqual(
    heard.map(({ topic }) => topic),
    ['/tasks/create', '/tasks/start', '/tasks/exit'],
  );
  const [create, start, exit] = heard.map(({ at }) => Math.round(at));
  assert.ok(create && start && exit && create >= before && start < after && exit >= after);
});

test.run();
