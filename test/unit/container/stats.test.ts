import { strict as assert } from 'node:assert';
import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import { type ContainerUsage, stats } from '../../../src/container/stats.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, type Scene, withChild, withScene } from './scene.ts';

const test = suite('stats');

/** Looks at containers; `between` happens after each look. */
async function looks(scene: Scene, ids: readonly string[], count: number, between: (look: number) => void) {
  let clock = 0n;
  let look = 0;
  scene.calls.monotonic = () => clock;
  const pauses: number[] = [];
  const { host } = scene.context;
  const pause = async (milliseconds: number) => {
    pauses.push(milliseconds);
    clock += BigInt(milliseconds) * 1_000_000n;
    between(++look);
  };
  const context = { ...scene.context, host: { ...host, wait: { ...host.wait, pause } } };
  const seen: ContainerUsage[][] = [];
  for await (const list of stats(context, ids, { interval: 1000 })) {
    seen.push(list);
    if (seen.length === count) break;
  }
  return { seen, pauses };
}

const files = {
  'memory.current': '42\n',
  'memory.max': 'max\n',
  'pids.current': '3\n',
  'pids.max': '9\n',
  'cpu.stat': 'usage_usec 0\nnr_periods 0\nnr_throttled 0\n',
  'io.stat': '8:0 rbytes=10 wbytes=20\n8:16 rbytes=1 wbytes=2\n',
};

test('a processor’s time is that since the look before, the first of which comes soon', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid], files);
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      const { seen, pauses } = await looks(scene, ['c', 'c'], 2, (look) =>
        scene.files.files.set(
          '/cg/c/cpu.stat',
          look === 1
            ? 'usage_usec 125000\nnr_periods 10\nnr_throttled 5\n'
            : 'usage_usec 2125000\nnr_periods 10\nnr_throttled 5\n',
        ),
      );
      assert.deepEqual(pauses, [250, 1000]);
      const [first, second] = seen.map((list) => list[0]);
      assert.equal(seen[0]?.length, 1, 'named twice, told once');
      assert.deepEqual([first?.cpuPercent, first?.throttledPercent], [50, 50]);
      assert.deepEqual([second?.cpuPercent, second?.throttledPercent], [200, undefined]);
      assert.deepEqual(first?.memory, { usage: 42, limit: undefined });
      assert.deepEqual(first?.pids, { current: 3, limit: 9 });
      assert.deepEqual(first?.blockIo, { read: 11, written: 22 });
    }),
  ));

test('with names it ends when the last of them has gone', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid], files);
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      const { seen } = await looks(scene, ['c'], 9, (look) => {
        if (look === 2) rmSync(`${scene.context.root}/c`, { recursive: true });
      });
      assert.deepEqual(
        seen.map((list) => list.length),
        [1, 0],
      );
    }),
  ));

test('a container that was named and is not there, or has stopped, is refused', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('dead', { init: { ...init, startTime: '1' } });
      const refused = async (id: string) =>
        (await laterFailureOf(() => looks(scene, [id], 1, () => {}))).code;
      assert.equal(await refused('other'), 'not-found');
      assert.equal(await refused('dead'), 'status');
    }),
  ));

test('without names: all that run, and once a word on one that cannot be measured', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [init.pid], files);
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      await scene.add('bare', { init });
      await scene.add('dead', { init: { ...init, startTime: '1' } });
      const { seen } = await looks(scene, [], 2, () => undefined);
      assert.deepEqual(
        seen.map((list) => list.map(({ id }) => id)),
        [['c'], ['c']],
      );
      assert.equal(scene.warned.length, 1);
      assert.match(
        scene.warned[0] ?? '',
        /nothing is measured: container "bare" has no cgroup of its own \(It was/,
      );
    }),
  ));

test.run();
