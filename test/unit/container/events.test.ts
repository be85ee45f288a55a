/** Tests also: src/container/out-of-memory.ts src/cgroup/statistics/oom-watch.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { events, measure, statistics } from '../../../src/container/events.ts';
import { watchOutOfMemory } from '../../../src/container/out-of-memory.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, type Scene, withChild, withScene } from './scene.ts';

const test = suite('events');

const files = { 'memory.stat': 'anon 1\n', 'memory.current': '42\n', 'memory.events': 'oom_kill 1\n' };
/** The descriptor that tells of changes of memory.events. */
const watch = 400;

/** A container `c` that runs, whose waits end with these: the init's pidfd, the watch, or time alone. */
async function running(scene: Scene, waits: readonly ('init' | 'watch' | 'time')[], interval: number) {
  scene.addCgroup('c', [], files);
  const closed: number[] = [];
  let clock = 0n;
  const left = [...waits];
  Object.assign(scene.calls, {
    watchFiles: () => watch,
    read: () => {
      throw systemError('EAGAIN', '');
    },
    close: (descriptor: number) =>
      descriptor === watch ? void closed.push(descriptor) : scene.real.close(descriptor),
    monotonic: () => clock,
  });
  const { host } = scene.context;
  const readable = async (descriptors: readonly number[], milliseconds: number) => {
    const next = left.shift();
    if (next === 'init') return [descriptors[0] ?? -1];
    if (next === 'watch') return [watch];
    clock += BigInt(milliseconds) * 1_000_000n;
    return [];
  };
  const context = { ...scene.context, host: { ...host, wait: { ...host.wait, readable } } };
  return { closed, generator: events(context, 'c', { interval }), context };
}

test('an oom is told at once, statistics in their time, and the end of the process ends it all', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      const { closed, generator } = await running(scene, ['watch', 'time', 'watch', 'init'], 500);
      const seen: string[] = [];
      const before = openDescriptors(scene.real);
      for await (const { type, ...event } of generator) {
        seen.push(type);
        if (type === 'stats')
          assert.equal(
            (event as { data: { memory?: { usage?: { usage: number } } } }).data.memory?.usage?.usage,
            42,
          );
        scene.files.files.set('/cg/c/memory.events', 'oom_kill 3\n');
      }
      assert.deepEqual(seen, ['stats', 'oom']);
      assert.deepEqual(closed, [watch]);
      assert.deepEqual(newDescriptors(scene.real, before), []);
    }),
  ));

test('who stops listening leaves nothing open', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      const before = openDescriptors(scene.real);
      const { closed, generator } = await running(scene, ['time', 'time'], 10);
      await generator.next();
      await generator.return();
      assert.deepEqual(closed, [watch]);
      assert.deepEqual(newDescriptors(scene.real, before), []);
    }),
  ));

test('it is over when the container is deleted under our eyes', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      const { generator } = await running(scene, ['time'], 10);
      scene.calls.readDirectory = (path) => {
        if (path === '/cg/c') throw systemError('ENODEV', path);
        return scene.real.readDirectory(path);
      };
      assert.deepEqual(await generator.next(), { done: true, value: undefined });
    }),
  ));

test('refuses one that has stopped, and one without a cgroup', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('dead', { init: { ...init, startTime: '1' }, cgroup: cgroupAt('c') });
      await scene.add('bare', { init });
      for (const act of [statistics, measure]) {
        assert.equal((await laterFailureOf(() => act(scene.context, 'dead'))).code, 'status');
        assert.equal((await laterFailureOf(() => act(scene.context, 'bare'))).code, 'unsupported');
      }
    }),
  ));

test('watchOutOfMemory() counts what the kernel killed since the last look; nothing where nobody counts', () =>
  withScene(async (scene) => {
    scene.addCgroup('c', [], files);
    await scene.add('c', { cgroup: cgroupAt('c') });
    await scene.add('bare');
    Object.assign(scene.calls, {
      watchFiles: () => watch,
      read: () => {
        throw systemError('EAGAIN', '');
      },
    });
    const found = watchOutOfMemory(scene.context, 'c');
    scene.files.files.set('/cg/c/memory.events', 'oom_kill 4\n');
    assert.deepEqual([found?.descriptor, found?.take(), found?.take()], [watch, 3, 0]);
    assert.equal(watchOutOfMemory(scene.context, 'bare'), undefined);
    scene.calls.watchFiles = () => {
      throw systemError('ENOENT', '');
    };
    assert.equal(watchOutOfMemory(scene.context, 'c'), undefined);
  }));

test.run();
