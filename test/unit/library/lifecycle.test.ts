import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { Packet } from '../../../src/host/native.ts';
import { create, type NewContainer } from '../../../src/library/lifecycle.ts';
import type { Runtime } from '../../../src/library/runtime.ts';
import { clonedAs, withChild, withScene } from '../container/scene.ts';
import { end, FakeMachine, ready } from '../launch/fake-stub.ts';
import { laterFailureOf } from '../refusal.ts';
import { runtimeOn } from './support.ts';

const test = suite('the lifecycle of the library');

const config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['x'], user: { uid: 0, gid: 0 } },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
};

/** A bundle, and a stub that makes a process and then says this. One that is ready goes on. */
const withBundle = (
  said: Packet,
  body: (runtime: Runtime, options: NewContainer, pid: number) => Promise<void>,
) =>
  withScene((scene) =>
    withChild(async (init) => {
      const { context } = scene;
      const { host } = context;
      const bundle = `${context.root}/.bundle`;
      mkdirSync(`${bundle}/rootfs`, { recursive: true });
      writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
      scene.speak(new FakeMachine([clonedAs(init.pid), said]));
      const child = (pid: number) =>
        pid === init.pid && said === ready ? new Promise<never>(() => undefined) : host.wait.child(pid);
      const { runtime } = runtimeOn({
        ...context,
        cgroupManager: 'disabled',
        host: { ...host, wait: { ...host.wait, child } },
      });
      await body(runtime, { id: 'c', bundle }, init.pid);
    }),
  );

test('an option that is undefined is one that was not given', () =>
  withBundle(ready, async (runtime, options, pid) => {
    const nothing = { preserveFds: undefined, noPivot: undefined, pidFile: undefined, streams: undefined };
    const started = await create(runtime, { ...options, ...(nothing as object) });
    assert.deepEqual([started.id, started.pid], ['c', pid]);
  }));

test('a process is remembered once its container is made, and not when that failed', async () => {
  await withBundle(ready, async (runtime, options, pid) => {
    const { exited } = await create(runtime, options);
    assert.equal(runtime.tracked.get('c')?.pid, pid);
    assert.equal(runtime.tracked.get('c')?.exited, exited);
  });
  await withBundle(end, async (runtime, options) => {
    await laterFailureOf(() => create(runtime, options));
    assert.equal(runtime.tracked.size, 0);
  });
});

test.run();
