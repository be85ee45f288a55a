import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import * as looking from '../../../src/library/looking.ts';
import type { Runtime } from '../../../src/library/runtime.ts';
import { cgroupAt, type Scene, withChild, withScene } from '../container/scene.ts';
import { native } from '../container/support.ts';
import { laterFailureOf } from '../refusal.ts';
import { runtimeOn } from './support.ts';

const test = suite('looking at containers, and changing them');

const files = {
  'memory.current': '42\n',
  'memory.max': 'max\n',
  'memory.swap.max': 'max\n',
  'memory.stat': 'anon 1\n',
  'memory.events': 'oom_kill 0\n',
  'pids.current': '3\n',
  'pids.max': 'max\n',
};

const config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['x'], user: { uid: 0, gid: 0 } },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

/** A container `c` with a process and a cgroup of v2. */
const withRunning = (body: (runtime: Runtime, pid: number, scene: Scene) => Promise<void>) =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.files.add('/cg', { 'cgroup.controllers': 'memory pids\n' });
      scene.addCgroup('c', [init.pid], files);
      await scene.add('c', { init, cgroup: cgroupAt('c') }, config);
      await body(runtimeOn(scene.context).runtime, init.pid, scene);
    }),
  );

test('state(), list(), processes() and statistics() tell of a container that runs', () =>
  withRunning(async (runtime, pid) => {
    const found = await looking.state(runtime, 'c');
    assert.deepEqual([found.id, found.status, found.pid], ['c', 'running', pid]);
    assert.deepEqual(await looking.list(runtime), [found]);
    assert.deepEqual(await looking.processes(runtime, 'c'), [pid]);
    assert.equal((await looking.statistics(runtime, 'c')).memory?.usage.usage, 42);
  }));

test('pause() and resume() freeze and let go', () =>
  withRunning(async (runtime, _, scene) => {
    scene.files.files.set('/cg/c/cgroup.events', 'populated 1\nfrozen 1\n');
    await looking.pause(runtime, 'c');
    scene.files.files.set('/cg/c/cgroup.events', 'populated 1\nfrozen 0\n');
    await looking.resume(runtime, 'c');
    assert.deepEqual(scene.files.journal, ['write /cg/c/cgroup.freeze 1', 'write /cg/c/cgroup.freeze 0']);
  }));

test('update() sets limits, and refuses what is none with nothing changed', () =>
  withRunning(async (runtime, _, scene) => {
    const wrong = await laterFailureOf(() =>
      looking.update(runtime, 'c', { resources: { pids: { limit: 'x' } } }),
    );
    assert.deepEqual([wrong.code, scene.files.journal], ['invalid', []]);
    await looking.update(runtime, 'c', { resources: { pids: { limit: 7 } } });
    assert.equal(scene.files.files.get('/cg/c/pids.max'), '7');
  }));

/** A runtime on which waiting takes no time but that of its own clock. Gives milliseconds that have passed. */
function onOwnClock(runtime: Runtime, scene: Scene): { readonly runtime: Runtime; passed(): number } {
  let clock = 0;
  const pause = async (milliseconds: number) => {
    clock += milliseconds;
  };
  const readable = async (_: readonly number[], milliseconds: number) => {
    clock += milliseconds;
    return [];
  };
  Object.assign(scene.calls, {
    monotonic: () => BigInt(Math.round(clock * 1e6)),
    watchFiles: () => native.open('/dev/null', 0, 0),
  });
  const { host } = runtime;
  return {
    runtime: { ...runtime, host: { ...host, wait: { ...host.wait, pause, readable } } },
    passed: () => clock,
  };
}

async function take(items: AsyncGenerator<unknown, void>, count: number): Promise<void> {
  let seen = 0;
  for await (const _ of items) if (++seen === count) break;
}

test('stats() looks each second unless another time is given, and first sooner', () =>
  withRunning(async (runtime, _, scene) => {
    const usual = onOwnClock(runtime, scene);
    await take(looking.stats(usual.runtime), 3);
    assert.equal(usual.passed(), 250 + 1000 + 1000);
    const often = onOwnClock(runtime, scene);
    await take(looking.stats(often.runtime, ['c'], { interval: 40 }), 2);
    assert.equal(often.passed(), 80);
  }));

test('events() tells statistics each five seconds, unless another time is given', () =>
  withRunning(async (runtime, _, scene) => {
    const usual = onOwnClock(runtime, scene);
    await take(looking.events(usual.runtime, 'c'), 3);
    const often = onOwnClock(runtime, scene);
    await take(looking.events(often.runtime, 'c', { interval: 900 }), 3);
    assert.deepEqual([usual.passed(), often.passed()], [15_000, 2700]);
  }));

const calls: Readonly<Record<string, (runtime: Runtime) => unknown>> = {
  state: (runtime) => looking.state(runtime, 'no'),
  processes: (runtime) => looking.processes(runtime, 'no'),
  statistics: (runtime) => looking.statistics(runtime, 'no'),
  events: (runtime) => looking.events(runtime, 'no').next(),
  stats: (runtime) => looking.stats(runtime, ['no']).next(),
  pause: (runtime) => looking.pause(runtime, 'no'),
  resume: (runtime) => looking.resume(runtime, 'no'),
  update: (runtime) => looking.update(runtime, 'no', {}),
  addMounts: (runtime) => looking.addMounts(runtime, 'no', []),
  removeMounts: (runtime) => looking.removeMounts(runtime, 'no', []),
};
for (const [name, call] of Object.entries(calls))
  test(`${name}() of a container that is not there says what shows those that are, as a function`, () =>
    withScene(async ({ context }) => {
      const failure = await laterFailureOf(() => call(runtimeOn(context).runtime));
      assert.equal(failure.code, 'not-found');
      assert.match(failure.hint ?? '', /`list\(\)`/);
    }));

test('addMounts() and removeMounts() take lists, and tell what only a new container can have, and what was not added', () =>
  withRunning(async (runtime, _, scene) => {
    scene.store.write({ ...scene.store.read('c'), namespaces: ['mount'] });
    const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' };
    const refused = await laterFailureOf(() => looking.addMounts(runtime, 'c', [cgroup]));
    assert.deepEqual([refused.code, refused.pointer], ['unsupported', '/mounts/0']);
    const gone = await laterFailureOf(() => looking.removeMounts(runtime, 'c', [{ destination: '/data' }]));
    assert.equal(gone.code, 'invalid');
    assert.equal(gone.message, 'mounts[0].destination: "/data" was not added by `addMounts()`');
  }));

test('features() tells what there is without libseccomp, too', () =>
  withScene(async ({ context }) => {
    const { runtime } = runtimeOn(context);
    const openSeccompLibrary = async () => {
      throw new Failure('unsupported', 'no library');
    };
    const found = await looking.features({ ...runtime, host: { ...runtime.host, openSeccompLibrary } });
    assert.equal(found.linux?.seccomp?.enabled, false);
    assert.ok(found.hooks?.includes('poststop'));
  }));

test('audit() and planFor() read a bundle and change nothing', () =>
  withScene(async ({ context, ids }) => {
    const { runtime } = runtimeOn({ ...context, cgroupManager: 'disabled' });
    const bundle = `${context.root}/.bundle`;
    mkdirSync(`${bundle}/rootfs`, { recursive: true });
    writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
    const findings = await looking.audit(runtime, { bundle });
    assert.ok(
      findings.some(({ rule }) => rule === 'new-privileges'),
      JSON.stringify(findings.map((f) => f.rule)),
    );
    const { plan } = await looking.planFor(runtime, { id: 'c', bundle });
    assert.deepEqual([plan.operations.at(-1)?.kind, plan.preserve], ['execute', 0]);
    assert.deepEqual(ids, []);
    for (const call of [looking.audit, looking.planFor] as const) {
      const failure = await laterFailureOf(() => call(runtime, { id: 'c', bundle: '/nowhere' }));
      assert.equal(failure.code, 'invalid');
    }
  }));

test.run();
