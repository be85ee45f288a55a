/** bundle.md, and the root filesystem of config.md. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConformanceTest, test } from '../support/test.ts';

export const bundleTests: readonly ConformanceTest[] = [
  test('bundle.no-config', async (box) => {
    const container = box.container(['true']);
    const result = await box.oci(['create', '--bundle', container.directory, container.id]);
    assert.notEqual(result.code, 0);
    await container.mustRefuse('state');
  }),

  test('bundle.config-name', async (box) => {
    const container = box.container(['true']);
    container.writeConfig();
    renameSync(join(container.directory, 'config.json'), join(container.directory, 'Config.json'));
    mkdirSync(join(container.directory, 'config'));
    const result = await box.oci(['create', '--bundle', container.directory, container.id]);
    assert.notEqual(result.code, 0, 'another file name was taken for config.json');
  }),

  test('bundle.not-a-directory', async (box) => {
    const container = box.container(['true']);
    for (const path of [join(container.directory, 'nothing'), join(container.rootfs, 'etc/passwd')]) {
      assert.notEqual((await box.oci(['create', '--bundle', path, container.id])).code, 0, path);
    }
  }),

  test('root.relative', async (box) => {
    const container = box.container(['sh', '-c', 'cat /mark'], (config) => {
      config.root = { path: 'deep/../rootfs' };
    });
    mkdirSync(join(container.directory, 'deep'));
    writeFileSync(join(container.rootfs, 'mark'), 'here\n');
    await container.create([], { cwd: '/' });
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'here\n');
  }),

  test('root.absolute', async (box) => {
    const elsewhere = join(box.scratch(), 'anything');
    const container = box.container(['sh', '-c', 'cat /mark'], (config) => {
      config.root = { path: elsewhere };
    });
    renameSync(container.rootfs, elsewhere);
    writeFileSync(join(elsewhere, 'mark'), 'here\n');
    await container.create();
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'here\n');
  }),

  test('root.missing', async (box) => {
    await box.refused('a root that is not there', (config) => {
      config.root = { path: 'nothing' };
    });
  }),

  test('root.not-a-directory', async (box) => {
    await box.refused('a root that is a file', (config) => {
      config.root = { path: 'rootfs/etc/passwd' };
    });
  }),

  test('root.unset', async (box) => {
    await box.refused('a config without root', (config) => {
      delete config.root;
    });
  }),

  test('root.no-path', async (box) => {
    await box.refused('a root without path', (config) => {
      config.root = { readonly: true } as never;
    });
  }),

  test('root.readonly', async (box) => {
    const container = box.container(['sh', '-c', 'touch /etc/x 2>&1; mkdir /d 2>&1; true'], (config) => {
      config.root = { path: 'rootfs', readonly: true };
    });
    await container.create();
    await container.start();
    await container.stopped();
    assert.match(container.output(), /\/etc\/x: Read-only.*\n.*\/d': Read-only/);
    assert.ok(!existsSync(join(container.rootfs, 'etc/x')));
  }),

  test('root.writable', async (box) => {
    for (const readonly of [undefined, false]) {
      const container = box.container(['touch', '/etc/x'], (config) => {
        config.root = { path: 'rootfs', ...(readonly !== undefined && { readonly }) };
      });
      await container.create();
      await container.start();
      await container.stopped();
      assert.ok(existsSync(join(container.rootfs, 'etc/x')));
    }
  }),

  test('root.symlink', async (box) => {
    const container = box.container(['cat', '/mark'], (config) => {
      config.root = { path: 'link' };
    });
    symlinkSync('rootfs', join(container.directory, 'link'));
    writeFileSync(join(container.rootfs, 'mark'), 'here\n');
    await container.create();
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'here\n');
    rmSync(join(container.directory, 'link'));
  }),
];
