import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { prepareRestore } from '../../../../src/container/checkpoint/prepare-restore.ts';
import type { RestoreOptions } from '../../../../src/container/checkpoint/types.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { failureOf } from '../../refusal.ts';
import { type Scene, withScene } from '../scene.ts';

const test = suite('prepare-restore');

const least: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }] },
};

/** A bundle beside images, and a CRIU that is there; what fails must leave no descriptor open. */
const withBundle = (
  config: Partial<Config>,
  body: (
    scene: Scene,
    prepare: (options?: Partial<RestoreOptions>) => ReturnType<typeof prepareRestore>,
  ) => void,
) =>
  withScene((scene) => {
    const { root } = scene.context;
    mkdirSync(`${root}/bundle/rootfs`, { recursive: true });
    mkdirSync(`${root}/images`, { mode: 0o700 });
    writeFileSync(`${root}/images/inventory.img`, '');
    writeFileSync(`${root}/images/descriptors.json`, '["","",""]');
    writeFileSync(`${root}/criu`, '', { mode: 0o755 });
    writeFileSync(`${root}/bundle/config.json`, JSON.stringify({ ...least, ...config }));
    const context = { ...scene.context, cgroupManager: 'disabled' as const, criu: `${root}/criu` };
    const options = { id: 'c', bundle: `${root}/bundle`, imagePath: `${root}/images`, detach: true };
    const before = openDescriptors(scene.real);
    body(scene, (change) => prepareRestore(context, { ...options, ...change } as RestoreOptions));
    assert.deepEqual(newDescriptors(scene.real, before), []);
  });

test('finds the program, the bundle, the root filesystem and the images, and changes nothing', () =>
  withBundle({}, (scene, prepare) => {
    const { program, rootfs, images, cgroup, resctrl } = prepare();
    const real = scene.real.realPath(scene.context.root);
    assert.equal(program, `${scene.context.root}/criu`);
    assert.equal(rootfs, `${real}/bundle/rootfs`);
    assert.equal(images.path, `${scene.context.root}/images`);
    assert.deepEqual([cgroup.saved.driver, resctrl], ['none', undefined]);
    images.close();
    assert.equal(scene.real.isThere(`${scene.context.root}/c`), false);
  }));

test('refuses what cannot be restored, or not like this, and opens nothing for good', () =>
  withBundle({ process: { cwd: '/', args: ['x'] } }, (scene, prepare) => {
    const refused = (change: Partial<RestoreOptions>, words: RegExp) =>
      assert.match(failureOf(() => prepare(change)).message, words);
    refused({ id: '../c' }, /invalid container id/);
    refused({ bundle: '/nowhere' }, /\/nowhere/);
    refused({ imagePath: '/nowhere' }, /"\/nowhere"/);
    refused({ consoleSocket: '/s' }, /--console-socket is for a process with a terminal/);
    assert.deepEqual(scene.warned, []);
  }));

test('refuses a terminal that nobody takes', () =>
  withBundle({ process: { cwd: '/', args: ['x'], terminal: true } }, (_scene, prepare) => {
    assert.match(failureOf(() => prepare()).message, /nobody takes the terminal/);
    prepare({ detach: false }).images.close();
  }));

test.run();
