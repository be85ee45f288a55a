import { strict as assert } from 'node:assert';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { RestoreOptions } from '../../../src/container/checkpoint/types.ts';
import { restore } from '../../../src/container/restore.ts';
import type { Config } from '../../../src/spec/config.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { type Scene, withScene } from './scene.ts';

const test = suite('restore');

const config: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['x'] },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
  hooks: { poststop: [{ path: '/bin/false' }] },
};

/** A bundle and images; whatever fails, nothing but CRIU's own directory of logs is left, and nothing open. */
const withImages = (
  body: (
    scene: Scene,
    failWith: (change?: Partial<RestoreOptions>) => ReturnType<typeof laterFailureOf>,
  ) => unknown,
) =>
  withScene(async (scene) => {
    const { root } = scene.context;
    mkdirSync(`${root}/.given/rootfs`, { recursive: true });
    mkdirSync(`${root}/.given/images`, { mode: 0o700 });
    writeFileSync(`${root}/.given/images/inventory.img`, '');
    writeFileSync(`${root}/.given/images/descriptors.json`, '["","",""]');
    writeFileSync(`${root}/.given/criu`, '', { mode: 0o755 });
    writeFileSync(`${root}/.given/config.json`, JSON.stringify(config));
    const context = { ...scene.context, cgroupManager: 'disabled' as const, criu: `${root}/.given/criu` };
    const options = {
      id: 'c',
      bundle: `${root}/.given`,
      imagePath: `${root}/.given/images`,
      detach: true,
      emptyNs: [],
      manageCgroupsMode: 'soft',
    };
    scene.calls.sealedCopy = () => scene.real.scratchFile('stub');
    const before = openDescriptors(scene.real);
    await body(scene, (change) =>
      laterFailureOf(() => restore(context, { ...options, ...change } as unknown as RestoreOptions)),
    );
    assert.deepEqual(newDescriptors(scene.real, before), []);
  });

const left = ({ context }: Scene) => readdirSync(context.root).filter((name) => name !== '.given');

for (const [call, words] of [
  ['sealedCopy', /the stub .* cannot be read: ENOSPC/],
  ['spawn', /cannot start "tsoci-init": ENOSPC/],
  ['rename', /cannot write the state of container "c"/],
] as const)
  test(`when ${call}() fails the container is gone, and no hook has run`, () =>
    withImages(async (scene, failWith) => {
      scene.calls[call] = (): never => {
        throw systemError('ENOSPC', '');
      };
      assert.match((await failWith()).message, words);
      assert.equal(scene.ids.includes('c'), false);
      assert.deepEqual(
        left(scene).filter((name) => name !== 'c@restore'),
        [],
      );
      assert.deepEqual(scene.warned, []);
    }));

test('a name that is in use is refused, and whoever has it keeps everything', () =>
  withImages(async (scene, failWith) => {
    await scene.add('c', { created: 'before' });
    assert.equal((await failWith()).code, 'exists');
    assert.equal(scene.store.read('c').created, 'before');
    assert.deepEqual(left(scene), ['c']);
  }));

test('what is refused of the images or the bundle is refused before anything is made', () =>
  withImages(async (scene, failWith) => {
    assert.match((await failWith({ imagePath: '/nowhere' })).message, /nowhere/);
    assert.match((await failWith({ consoleSocket: '/s' })).message, /--console-socket is for a process/);
    assert.deepEqual(left(scene), []);
  }));

test('an option that means nothing is refused, and undone', () =>
  withImages(async (scene, failWith) => {
    assert.match((await failWith({ emptyNs: ['mount'] })).message, /--empty-ns "mount"/);
    assert.equal(scene.ids.includes('c'), false);
  }));

test.run();
