import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Context } from '../../../../src/container/mod.ts';
import { MemoryWatch } from '../../../../src/shim/task/memory-watch.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { pauses } from '../../waits.ts';

const test = suite('shim: MemoryWatch');

/** A watch of which the test is the kernel. */
function watching() {
  const log: string[] = [];
  let wake: (fail?: unknown) => void = () => undefined;
  const kills: number[] = [];
  let refuse = false;
  const context = {
    host: {
      native: {
        eventDescriptor: () => 9,
        write: (descriptor: number) => {
          log.push(`write ${descriptor}`);
          wake();
        },
        close: (descriptor: number) => void log.push(`close ${descriptor}`),
      },
      wait: {
        readable: (descriptors: readonly number[]) =>
          new Promise((resolve, reject) => {
            assert.deepEqual(descriptors, [8, 9]);
            wake = (fail) => (fail === undefined ? resolve([8]) : reject(fail));
          }),
      },
    },
    warn: (message: string) => void log.push(message),
  } as unknown as Context;
  const source = {
    descriptor: 8,
    take: () => {
      if (refuse) throw systemError('EIO', 'memory.events');
      return kills.splice(0).length;
    },
    close: () => void log.push('close watch'),
  };
  const watch = new MemoryWatch(context, source, () => void log.push('told'));
  return {
    watch,
    log,
    wake: (fail?: unknown) => wake(fail),
    kill: () => void kills.push(1),
    refuse: () => {
      refuse = true;
    },
  };
}

const settle = () => pauses.pause(1);

test('tells when it is woken for something, once for what came together, and goes on', async () => {
  const { log, wake, kill } = watching();
  wake();
  await settle();
  assert.deepEqual(log, []);
  kill();
  kill();
  wake();
  await settle();
  assert.deepEqual(log, ['told']);
  kill();
  wake();
  await settle();
  assert.deepEqual(log, ['told', 'told']);
});

test('finish(): what has happened is told before it returns; all is closed behind the wait, and nothing told after', async () => {
  const { watch, log, kill } = watching();
  kill();
  watch.finish();
  assert.deepEqual(log, ['told', 'write 9']);
  kill();
  watch.finish();
  watch.look();
  await settle();
  assert.deepEqual(log, ['told', 'write 9', 'close watch', 'close 9']);
});

test('a look that fails is told, and is nobody’s failure', async () => {
  const { watch, log, refuse, wake } = watching();
  refuse();
  watch.look();
  assert.deepEqual(log, ['looking for want of memory: EIO: memory.events']);
  wake();
  await settle();
  assert.equal(log.length, 2);
  watch.finish();
  await settle();
  assert.deepEqual(log.slice(-2), ['close watch', 'close 9']);
});

test('a wait that fails ends it, and all is closed', async () => {
  const { log, wake } = watching();
  wake(systemError('ENOMEM', 'poll'));
  await settle();
  assert.deepEqual(log, ['watching for want of memory: ENOMEM: poll', 'close watch', 'close 9']);
});

test.run();
