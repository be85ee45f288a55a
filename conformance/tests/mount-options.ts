/** config.md, Linux mount options: each option of the table, by what the kernel says of the mount afterwards. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import { mountInside } from '../support/host-mounts.ts';
import { findMount, type MountLine } from '../support/mountinfo.ts';
import { type ConformanceTest, test } from '../support/test.ts';

/** What one option shows: words that /proc/PID/mountinfo then has, or has not. */
interface OptionRow {
  /** Options before it, which it has to undo. */
  readonly after?: readonly string[];
  readonly shows?: string;
  readonly hides?: string;
  /** The word is one of the filesystem and not of the mount. */
  readonly superblock?: true;
}

/** Options of a filesystem's mount. Those without a word only have to be taken. */
const filesystemOptions: Readonly<Record<string, OptionRow>> = {
  async: { after: ['sync'], hides: 'sync', superblock: true },
  atime: { after: ['noatime'], hides: 'noatime' },
  defaults: {},
  dev: { after: ['nodev'], hides: 'nodev' },
  diratime: { after: ['nodiratime'], hides: 'nodiratime' },
  dirsync: { shows: 'dirsync', superblock: true },
  exec: { after: ['noexec'], hides: 'noexec' },
  iversion: {},
  lazytime: { shows: 'lazytime', superblock: true },
  loud: {},
  noatime: { shows: 'noatime' },
  nodev: { shows: 'nodev' },
  nodiratime: { shows: 'nodiratime' },
  noexec: { shows: 'noexec' },
  noiversion: {},
  nolazytime: { after: ['lazytime'], hides: 'lazytime', superblock: true },
  norelatime: { hides: 'noatime' },
  nostrictatime: { after: ['strictatime'], shows: 'relatime' },
  nosuid: { shows: 'nosuid' },
  nosymfollow: { shows: 'nosymfollow' },
  relatime: { shows: 'relatime' },
  ro: { shows: 'ro' },
  rw: { after: ['ro'], shows: 'rw' },
  silent: {},
  strictatime: { hides: 'relatime' },
  suid: { after: ['nosuid'], hides: 'nosuid' },
  symfollow: { after: ['nosymfollow'], hides: 'nosymfollow' },
  sync: { shows: 'sync', superblock: true },
};

function checkWords(mount: MountLine, row: OptionRow): void {
  const words = row.superblock ? mount.superblock.split(',') : mount.options;
  const told = `${mount.target}: ${mount.options} and ${mount.superblock}`;
  if (row.shows !== undefined) assert.ok(words.includes(row.shows), told);
  if (row.hides !== undefined) assert.ok(!words.includes(row.hides), told);
}

function filesystemTest(name: string, row: OptionRow): ConformanceTest {
  return test(`mount-option.${name}`, async (box) => {
    const container = await box.running((config) => {
      const options = [...(row.after ?? []), name];
      config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options });
    });
    const mount = findMount(container.pid, '/mnt');
    assert.equal(mount.type, 'tmpfs');
    checkWords(mount, row);
  });
}

/**
 * Recursive attributes, by the option that the kernel shows, or that the host's mounts have and the container's must
 * not.
 */
const recursiveOptions: Readonly<Record<string, OptionRow>> = {
  ratime: { after: ['noatime'], hides: 'noatime' },
  rdev: { after: ['nodev'], hides: 'nodev' },
  rdiratime: { after: ['nodiratime'], hides: 'nodiratime' },
  rexec: { after: ['noexec'], hides: 'noexec' },
  rnoatime: { shows: 'noatime' },
  rnodev: { shows: 'nodev' },
  rnodiratime: { shows: 'nodiratime' },
  rnoexec: { shows: 'noexec' },
  rnorelatime: { hides: 'noatime' },
  rnostrictatime: { after: ['strictatime'], shows: 'relatime' },
  rnosuid: { shows: 'nosuid' },
  rnosymfollow: { shows: 'nosymfollow' },
  rrelatime: { after: ['noatime'], shows: 'relatime' },
  rro: { shows: 'ro' },
  rrw: { after: ['ro'], shows: 'rw' },
  rstrictatime: { hides: 'relatime' },
  rsuid: { after: ['nosuid'], hides: 'nosuid' },
  rsymfollow: { after: ['nosymfollow'], hides: 'nosymfollow' },
};

function recursiveTest(name: string, row: OptionRow): ConformanceTest {
  return test(`mount-option.${name}`, async (box) => {
    const source = mountInside(box);
    for (const option of row.after ?? []) {
      for (const path of [source, join(source, 'inner')]) remount(path, option);
    }
    const container = await box.running((config) => {
      config.mounts.push({ destination: '/mnt', type: 'none', source, options: ['rbind', name] });
    });
    for (const path of ['/mnt', '/mnt/inner']) checkWords(findMount(container.pid, path), row);
  });
}

function remount(path: string, option: string): void {
  execFileSync('mount', ['-o', `remount,bind,${option}`, path]);
}

/** Propagation, by the host's own kind for the source and what the container's mount then has to say. */
const propagationOptions: Readonly<
  Record<string, { readonly host: string; readonly is: RegExp | 'private' }>
> = {
  private: { host: 'shared', is: 'private' },
  shared: { host: 'private', is: /^shared:/ },
  slave: { host: 'shared', is: /^master:/ },
  unbindable: { host: 'private', is: /^unbindable$/ },
};

function checkPropagation(mount: MountLine, is: RegExp | 'private'): void {
  const told = `${mount.target}: ${mount.propagation.join(' ') || 'private'}`;
  if (is === 'private') assert.deepEqual(mount.propagation, [], told);
  else
    assert.ok(
      mount.propagation.some((word) => is.test(word)),
      told,
    );
}

async function propagated(box: Box, option: string, host: string) {
  const source = mountInside(box, host);
  execFileSync('mount', [`--make-${host}`, join(source, 'inner')]);
  return box.running((config) => {
    config.mounts.push({ destination: '/mnt', type: 'none', source, options: ['rbind', option] });
  });
}

function propagationTests(name: string, row: { host: string; is: RegExp | 'private' }): ConformanceTest[] {
  return [
    test(`mount-option.${name}`, async (box) => {
      const container = await propagated(box, name, row.host);
      checkPropagation(findMount(container.pid, '/mnt'), row.is);
    }),
    test(`mount-option.r${name}`, async (box) => {
      const container = await propagated(box, `r${name}`, row.host);
      for (const path of ['/mnt', '/mnt/inner']) checkPropagation(findMount(container.pid, path), row.is);
    }),
  ];
}

export const mountOptionTests: readonly ConformanceTest[] = [
  ...Object.entries(filesystemOptions).map(([name, row]) => filesystemTest(name, row)),
  ...Object.entries(recursiveOptions).map(([name, row]) => recursiveTest(name, row)),
  ...Object.entries(propagationOptions).flatMap(([name, row]) => propagationTests(name, row)),

  test('mount-option.bind', async (box) => {
    const source = mountInside(box);
    assert.equal(
      await box.script('ls -A /mnt /mnt/inner', (config) => {
        config.mounts.push({ destination: '/mnt', source, options: ['bind'] });
      }),
      '/mnt:\ninner\n\n/mnt/inner:\n',
    );
  }),

  test('mount-option.rbind', async (box) => {
    const source = mountInside(box);
    assert.equal(
      await box.script('cat /mnt/inner/mark', (config) => {
        config.mounts.push({ destination: '/mnt', source, options: ['rbind'] });
      }),
      'here\n',
    );
  }),

  test('mount-option.bind-attributes', async (box) => {
    const source = mountInside(box);
    const container = await box.running((config) => {
      config.mounts.push({
        destination: '/mnt',
        source,
        options: ['rbind', 'ro', 'nosuid', 'noexec', 'nodev'],
      });
    });
    const mount = findMount(container.pid, '/mnt');
    for (const word of ['ro', 'nosuid', 'noexec', 'nodev'])
      assert.ok(mount.options.includes(word), `${mount.options}`);
    assert.ok(
      findMount(container.pid, '/mnt/inner').options.includes('rw'),
      'ro is for the mount alone, unlike rro',
    );
  }),

  test('mount-option.remount', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['rw'] });
      config.mounts.push({
        destination: '/mnt',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['remount', 'ro', 'nosuid'],
      });
    });
    const mount = findMount(container.pid, '/mnt');
    assert.ok(mount.options.includes('nosuid'), `${mount.options}`);
    assert.ok(mount.options.includes('ro') || mount.superblock.startsWith('ro'), `${mount.options}`);
  }),

  test('mount-option.tmpcopyup', async (box) => {
    const script = 'cat /etc/passwd; stat -f -c %T /etc; echo changed >/etc/passwd';
    const container = box.container(['sh', '-c', script], (config) => {
      config.mounts.push({
        destination: '/etc',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['tmpcopyup', 'mode=755'],
      });
    });
    await container.create();
    await container.start();
    await container.stopped();
    assert.match(container.output(), /^root:x:0:0:.*\ntmpfs$/m);
    assert.equal(
      execFileSync('cat', [join(container.rootfs, 'etc/passwd')], { encoding: 'utf8' }).slice(0, 4),
      'root',
    );
  }),
];
