/** config.md: idmapped mounts. */
import { strict as assert } from 'node:assert';
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import { withUserNamespace } from '../support/config.ts';
import { type ConformanceTest, test } from '../support/test.ts';

const map = (containerID: number, hostID: number, size = 1) => [{ containerID, hostID, size }];

/**
 * A directory with one file of each of some owners, on the filesystem of the temporary directory (ext4 and others can
 * be mapped).
 */
function ownedFiles(box: Box, ...ids: number[]): string {
  const directory = box.scratch();
  for (const id of ids) {
    const path = join(directory, `of-${id}`);
    writeFileSync(path, 'x');
    chownSync(path, id, id);
  }
  chmodSync(directory, 0o777);
  return directory;
}

export const idmapTests: readonly ConformanceTest[] = [
  test('idmap.own-mappings', async (box) => {
    const source = ownedFiles(box, 0, 1000, 1001);
    const output = await box.script('stat -c "%n %u:%g" /mnt/of-*; touch /mnt/new', (config) => {
      config.mounts.push({
        destination: '/mnt',
        source,
        options: ['bind', 'idmap'],
        // The filesystem's ids in the first place, those of the mount in the second.
        uidMappings: [...map(0, 0), ...map(1000, 2000, 2)],
        gidMappings: [...map(0, 0), ...map(1000, 3000, 2)],
      });
    });
    assert.equal(output, '/mnt/of-0 0:0\n/mnt/of-1000 2000:3000\n/mnt/of-1001 2001:3001\n');
    assert.equal(statSync(join(source, 'new')).uid, 0);
  }),

  test('idmap.written-files', async (box) => {
    const source = ownedFiles(box);
    // The kernel writes only into directories whose owner has an id in the mount.
    chownSync(source, 5000, 6000);
    await box.script('touch /mnt/new', (config) => {
      config.mounts.push({
        destination: '/mnt',
        source,
        options: ['bind', 'idmap'],
        uidMappings: map(5000, 0),
        gidMappings: map(6000, 0),
      });
    });
    const { uid, gid } = statSync(join(source, 'new'));
    assert.deepEqual([uid, gid], [5000, 6000]);
  }),

  test('idmap.container-mappings', async (box) => {
    const source = ownedFiles(box, 0, 7);
    const output = await box.script('stat -c "%n %u:%g" /mnt/of-*; touch /mnt/new', (config) => {
      withUserNamespace(config);
      config.mounts.push({ destination: '/mnt', source, options: ['bind', 'idmap'] });
    });
    assert.equal(output, '/mnt/of-0 0:0\n/mnt/of-7 7:7\n');
    assert.equal(statSync(join(source, 'new')).uid, 0);
  }),

  test('idmap.without-any-mapping', async (box) => {
    const source = box.scratch();
    for (const option of ['idmap', 'ridmap']) {
      await box.refused(`${option} without mappings and user namespace`, (config) => {
        config.mounts.push({ destination: '/mnt', source, options: ['bind', option] });
      });
    }
  }),

  test('idmap.one-mapping-alone', async (box) => {
    const source = box.scratch();
    for (const field of ['uidMappings', 'gidMappings'] as const) {
      await box.refused(`${field} alone`, (config) => {
        config.mounts.push({
          destination: '/mnt',
          source,
          options: ['bind', 'idmap'],
          [field]: map(0, 1000),
        });
      });
    }
  }),

  test('idmap.mappings-without-option', async (box) => {
    const source = ownedFiles(box, 0);
    const container = box.container(['stat', '-c', '%u:%g', '/mnt/of-0'], (config) => {
      const maps = { uidMappings: map(0, 4000), gidMappings: map(0, 4000) };
      config.mounts.push({ destination: '/mnt', source, options: ['bind'], ...maps });
    });
    // The options "should" have it; a mapping that is silently left out is what the option is to prevent.
    if ((await container.tryCreate()).code !== 0) return;
    await container.start();
    await container.stopped();
    assert.equal(container.output().trim().split('\n').at(-1), '4000:4000');
  }),

  test('idmap.recursive', async (box) => {
    const source = ownedFiles(box, 1000);
    const inner = join(source, 'inner');
    mkdirSync(inner);
    const below = ownedFiles(box, 1000);
    const { execFileSync } = await import('node:child_process');
    execFileSync('mount', ['--bind', below, inner]);
    box.onClose(() => execFileSync('umount', ['-l', inner]));
    const maps = { uidMappings: map(1000, 2000), gidMappings: map(1000, 2000) };
    const ask = (option: string) =>
      box.script('stat -c %u /mnt/of-1000 /mnt/inner/of-1000', (config) => {
        config.mounts.push({ destination: '/mnt', source, options: ['rbind', option], ...maps });
      });
    assert.equal(await ask('ridmap'), '2000\n2000\n');
    assert.equal(await ask('idmap'), '2000\n1000\n');
  }),
];
