import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  externalMounts,
  mountPoints,
  sourceOf,
} from '../../../../src/container/checkpoint/external-mounts.ts';
import { corrections, expectedMounts } from '../../../../src/container/checkpoint/mount-attributes.ts';
import { parseMountTable } from '../../../../src/host/mount-table.ts';
import type { Config } from '../../../../src/spec/config.ts';

const test = suite('external-mounts');

const host = parseMountTable(`21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
22 21 0:5 / /dev rw - devtmpfs udev rw
23 21 0:20 / /sys rw - sysfs sysfs rw
24 21 8:2 / /srv rw - ext4 /dev/sda2 rw
25 23 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
26 24 0:40 / /srv/data/deep rw - tmpfs none rw
`);

const inside = parseMountTable(`51 50 8:1 /bundle/rootfs / ro,relatime master:1 - ext4 /dev/sda1 rw
52 51 0:50 / /proc rw - proc proc rw
53 52 0:50 /sys /proc/sys ro - proc proc rw
54 52 0:5 /null /proc/kcore ro,nosuid,noexec - devtmpfs udev rw
55 52 0:51 / /proc/acpi ro - tmpfs tmpfs rw
56 51 0:52 / /dev rw,nosuid - tmpfs tmpfs rw
57 51 0:20 / /sys ro - sysfs sysfs rw
58 57 0:30 /web /sys/fs/cgroup ro - cgroup2 cgroup rw
59 51 8:2 /data /data\\040dir rw - ext4 /dev/sda2 rw
60 59 0:40 / /data\\040dir/deep rw - tmpfs none rw
61 51 8:1 /bundle/rootfs/etc /etc ro - ext4 /dev/sda1 rw
62 51 8:1 /vol /run/vol rw - ext4 /dev/sda1 rw
63 56 0:53 / /dev/pts rw - devpts devpts rw
64 56 0:53 /0 /dev/console rw - devpts devpts rw
`);

const config = (cgroupNamespace: boolean): Config => ({
  ociVersion: '1.0.2',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' },
    { destination: '/data dir', source: '/srv/data', options: ['rbind'] },
    { destination: '/var/run/vol', type: 'bind', source: 'vol', options: ['bind', 'ro'] },
    { destination: '/data dir/file', source: '/etc/hosts', options: ['bind'] },
  ],
  linux: {
    namespaces: cgroupNamespace ? [{ type: 'cgroup' }] : [],
    maskedPaths: ['/proc/kcore', '/proc/acpi'],
  },
});

/** /var/run is a link to /run. */
const place = (path: string) => path.replace(/^\/var\/run\//, '/run/');

test('parseMountTable() reads blanks in paths', () => {
  assert.deepEqual(inside[8], {
    id: '59',
    device: '8:2',
    root: '/data',
    target: '/data dir',
    options: 'rw',
    type: 'ext4',
  });
});

test('externalMounts() gives binds with what is below them, masks, and shown cgroups of the host', () => {
  const binds = ['/proc/kcore', '/data dir', '/data dir/deep', '/run/vol'];
  assert.deepEqual(externalMounts(config(true), inside, host, place), binds);
  assert.deepEqual(externalMounts(config(false), inside, host, place), [
    '/proc/kcore',
    '/sys/fs/cgroup',
    '/data dir',
    '/data dir/deep',
    '/run/vol',
  ]);
});

test('sourceOf() finds the place on the host by the config as it is now', () => {
  const sources = {
    config: config(false),
    bundle: '/bundle',
    rootfs: '/bundle/rootfs',
    place,
    cgroups: new Map([['/sys/fs/cgroup', '/sys/fs/cgroup/new']]),
  };
  const expected = {
    '/data dir': '/srv/data',
    '/data dir/deep': '/srv/data/deep',
    '/data dir/file': '/etc/hosts',
    '/run/vol': '/bundle/vol',
    '/proc/kcore': '/dev/null',
    '/sys/fs/cgroup': '/sys/fs/cgroup/new',
    '/dev/tty': '/dev/tty',
    '/volume': '/bundle/rootfs/volume',
  };
  for (const [target, source] of Object.entries(expected))
    assert.equal(sourceOf(target, sources), source, target);
});

test('mountPoints() names places in the root filesystem, not those in other mounts', () => {
  assert.deepEqual(
    mountPoints(config(false), place, (source) => source === 'vol'),
    [
      { path: '/proc', kind: 'directory' },
      { path: '/sys/fs/cgroup', kind: 'directory' },
      { path: '/data dir', kind: 'directory' },
      { path: '/run/vol', kind: 'file' },
    ],
  );
});

test('corrections() names bits to set and to clear, and nothing for mounts that are as they were', () => {
  const noted = [
    { target: '/proc/kcore', attributes: 1 | 2 | 8, external: true },
    { target: '/data dir', attributes: 1, external: true },
    { target: '/etc', attributes: 2, external: false },
    { target: '/gone', attributes: 1, external: true },
  ];
  assert.deepEqual(corrections(noted, inside), [
    { target: '/data dir', set: 1, clear: 0 },
    { target: '/etc', set: 2, clear: 1 },
  ]);
});

test('expectedMounts() knows restrictions from the config when nobody noted them', () => {
  assert.deepEqual(expectedMounts(config(false), place), [
    { target: '/data dir', attributes: 0, external: true },
    { target: '/run/vol', attributes: 1, external: true },
    { target: '/data dir/file', attributes: 0, external: true },
    { target: '/proc/kcore', attributes: 1 | 2 | 8, external: true },
    { target: '/proc/acpi', attributes: 1 | 2 | 8, external: true },
  ]);
});

test.run();
