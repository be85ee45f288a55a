import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type KillTarget, killAll } from '../../../../src/cgroup/cgroupfs/kill-all.ts';
import type { Native } from '../../../../src/host/native.ts';
import { pauses } from '../../waits.ts';
import { FakeFiles, systemError } from '../fake-files.ts';

const test = suite('killAll()');

function machine(files: Readonly<Record<string, string>>, pids: number[]) {
  const fake = new FakeFiles();
  fake.add('/c', files);
  const base = fake.native();
  const native = new Proxy(base, {
    get: (target, name) =>
      name === 'kill'
        ? (pid: number, signal: number) => {
            fake.journal.push(`kill ${pid} ${signal}`);
            if (pid === 999) throw systemError('ESRCH', '');
          }
        : Reflect.get(target, name),
  }) as Native;
  const host = { native, wait: pauses, surroundings: {} };
  const target = (unified: boolean, freezer: KillTarget['freezer']): KillTarget => ({
    unified: unified ? '/c' : undefined,
    freezer,
    processes: () => [...pids],
  });
  return { fake, host, target };
}

const v1 = { kind: 'v1', path: '/c' } as const;

test('SIGKILL goes through cgroup.kill where it is', async () => {
  const { fake, host, target } = machine({ 'cgroup.kill': '', 'cgroup.freeze': '1\n' }, []);
  assert.equal(await killAll(host, target(true, { kind: 'v2', path: '/c' }), 9), undefined);
  assert.deepEqual(fake.journal, ['write /c/cgroup.kill 1']);
});

test('SIGKILL on hybrid thaws the v1 freezer, which would hold the killed', async () => {
  const { fake, host, target } = machine({ 'cgroup.kill': '', 'freezer.state': 'FROZEN\n' }, [7]);
  await killAll(host, target(true, v1), 9);
  assert.deepEqual(fake.journal, ['write /c/cgroup.kill 1', 'kill 7 9', 'write /c/freezer.state THAWED']);
});

test('without cgroup.kill: freeze, signal, thaw; who is gone does not count', async () => {
  const { fake, host, target } = machine({ 'freezer.state': 'THAWED\n' }, [5, 999, 6]);
  assert.equal(await killAll(host, target(true, v1), 15), 2);
  assert.deepEqual(fake.journal, [
    'write /c/freezer.state FROZEN',
    'kill 5 15',
    'kill 999 15',
    'kill 6 15',
    'write /c/freezer.state THAWED',
  ]);
});

test('a cgroup that was frozen before stays so, except for SIGKILL', async () => {
  for (const signal of [15, 9]) {
    const { fake, host, target } = machine({ 'freezer.state': 'FROZEN\n' }, [5]);
    await killAll(host, target(false, v1), signal);
    assert.deepEqual(
      fake.journal,
      signal === 9 ? ['kill 5 9', 'write /c/freezer.state THAWED'] : ['kill 5 15'],
    );
  }
});

test('without a freezer: rounds until nobody new is there, each signalled once', async () => {
  const pids = [1000];
  const { fake, host, target } = machine({}, pids);
  let rounds = 0;
  const forking: KillTarget = {
    ...target(false, undefined),
    processes: () => {
      if (rounds++ < 5) pids.push(1000 + rounds);
      return [...pids];
    },
  };
  assert.equal(await killAll(host, forking, 15), 6);
  assert.deepEqual(
    fake.journal,
    [1000, 1001, 1002, 1003, 1004, 1005].map((pid) => `kill ${pid} 15`),
  );
});

test.run();
