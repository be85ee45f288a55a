import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { type Loop, pollOnLoop } from '../../../src/host/loop.ts';
import type { Native } from '../../../src/host/native.ts';
import { Children } from '../../../src/shim/children.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: children and waiting');

test('orphans are reaped, and not a process that somebody here started or is about to hear of', async () => {
  const reaped: (readonly number[])[] = [];
  const native = { spawn: () => 50, reapOthers: (own: readonly number[]) => reaped.push(own) };
  const ends = new Map<number, () => void>();
  const wait = {
    ...pauses,
    child: (pid: number) =>
      new Promise<{ code: number; signal: undefined }>((resolve) => {
        ends.set(pid, () => resolve({ code: 0, signal: undefined }));
      }),
  };
  const children = new Children({ native: native as unknown as Native, wait });
  let made = (_: { pid: number }): void => undefined;
  const making = async (): Promise<{ pid: number }> => new Promise((resolve) => (made = resolve));
  const known = children.knownTo({ create: making, exec: making, restore: making } as never) as unknown as {
    readonly create: () => Promise<{ readonly pid: number }>;
  };
  children.native.spawn({} as never);
  const first = known.create();
  const looking = children.look(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 450));
  assert.deepEqual(reaped, [], 'nobody is reaped while a container is made');
  made({ pid: 60 });
  await first;
  await looking;
  assert.deepEqual(reaped, [[50, 60]]);
  // One that ended, and was reaped, before its number was told: it must not be kept for ours, as another may have it.
  const second = known.create();
  const early = children.wait.child(61);
  ends.get(61)?.();
  await early;
  made({ pid: 61 });
  await second;
  const late = children.wait.child(60);
  ends.get(60)?.();
  await late;
  await children.look(() => undefined);
  assert.deepEqual(reaped.at(-1), [50]);
});

/** An event loop of which the test is the kernel. */
class FakeLoop implements Loop {
  readonly watched = new Map<number, (events: number) => void>();
  readonly timers = new Map<number, () => void>();
  #last = 0;
  files = new Set<number>();

  watch(descriptor: number, _: number, call: (events: number) => void): number {
    if (this.files.has(descriptor)) return 1;
    this.watched.set(descriptor, call);
    return 0;
  }
  unwatch(descriptor: number): number {
    return this.watched.delete(descriptor) ? 0 : 2;
  }
  setTimer(call: () => void): number {
    this.timers.set(++this.#last, call);
    return this.#last;
  }
  clearTimer(timer: number): void {
    this.timers.delete(timer);
  }
}

test('pollOnLoop(): whoever waits is woken, several for one descriptor, and nothing stays watched', async () => {
  const loop = new FakeLoop();
  const ready = new Set<number>();
  const native = {
    pollMany: (descriptors: readonly number[]) => descriptors.filter((each) => ready.has(each)),
  };
  const poll = pollOnLoop(native, loop);
  const [one, two] = [poll([7, 8], -1), poll([7], 1000)];
  assert.deepEqual([...loop.watched.keys()], [7, 8]);
  assert.equal(loop.timers.size, 1);
  ready.add(7);
  loop.watched.get(7)?.(1);
  assert.deepEqual(await Promise.all([one, two]), [[7], [7]]);
  assert.deepEqual([loop.watched.size, loop.timers.size], [0, 0]);
  assert.deepEqual(await poll([7, 9], -1), [7]);
  const late = poll([9], 5);
  [...loop.timers.values()][0]?.();
  assert.deepEqual(await late, []);
  assert.equal(loop.watched.size, 0);
  loop.files.add(10);
  ready.add(10);
  assert.deepEqual(await poll([10], -1), [10]);
  assert.deepEqual(await poll([9], 0), []);
});

test('pidfdExit() and reapOthers(): of children of this process', async () => {
  const native = loadNative(findLibexec());
  const child = spawn('sh', ['-c', 'exit 3']);
  const pidfd = native.pidfdOpen(child.pid as number);
  assert.equal(native.reapOthers([child.pid as number]), 0);
  await new Promise((resolve) => child.on('exit', resolve));
  const exit = native.pidfdExit(pidfd);
  // Linux 6.15 and later say it.
  assert.ok(exit === undefined || exit.code === 3);
  native.close(pidfd);
});

test.run();
