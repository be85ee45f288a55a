/** Tests also: src/cgroup/layout/cgroup-layout.ts */

import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { planFor } from '../../../src/container/plan.ts';
import type { Config } from '../../../src/spec/config.ts';
import { laterFailureOf } from '../refusal.ts';
import { type Scene, withScene } from './scene.ts';

const test = suite('plan');

const config: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['x'] },
  linux: { namespaces: [{ type: 'mount' }], resources: { memory: { limit: 4096 } }, cgroupsPath: '/c' },
};

/** What the bundle would do when user `uid` makes it, on a machine with cgroup2. */
function planned(scene: Scene, uid: number, change: Partial<Config> = {}) {
  const bundle = `${scene.context.root}/bundle`;
  mkdirSync(`${bundle}/rootfs`, { recursive: true });
  writeFileSync(`${bundle}/config.json`, JSON.stringify({ ...config, ...change }));
  const { calls, real } = scene;
  calls.userId = () => uid;
  calls.groupId = () => uid;
  calls.fileSystemType = (path) => (path === '/sys/fs/cgroup' ? 0x63677270 : real.fileSystemType(path));
  calls.readText = (path, maximum) => {
    if (path === '/sys/fs/cgroup/cgroup.controllers') return 'memory pids\n';
    return real.readText(path, maximum);
  };
  calls.makeDirectory = () => assert.fail('it changes nothing') as never;
  const options = { id: 'c', bundle, noPivot: false, noNewKeyring: false, preserveFds: 0 };
  return planFor({ ...scene.context, rootless: uid !== 0 }, options);
}

test('tells the limits that would be written, and the operations; root is refused nothing', () =>
  withScene(async (scene) => {
    const { limits, plan, refused } = await planned(scene, 0);
    assert.ok(limits.some((step) => step.kind === 'write' && step.file === 'memory.max'));
    assert.equal(plan.operations.at(-1)?.kind, 'execute');
    assert.deepEqual(refused, []);
  }));

test('an ordinary user is told why they could not do it, and gets root’s plan', () =>
  withScene(async (scene) => {
    const { plan, refused } = await planned(scene, 1000);
    assert.ok(plan.operations.length > 0);
    assert.ok(refused.length > 0);
    assert.match(refused.join('\n'), /limits need a cgroup that is delegated to user 1000/);
  }));

test('what would be refused to root as well is refused', () =>
  withScene(async (scene) => {
    const failure = await laterFailureOf(() => planned(scene, 1000, { root: { path: 'gone' } }));
    assert.equal(failure.pointer, '/root/path');
  }));

test.run();
