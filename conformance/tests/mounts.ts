/** config.md, mounts: sources, destinations, types, and what the kernel says about the result. */
import { strict as assert } from 'node:assert';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { MutableConfig } from '../support/config.ts';
import { mountInside } from '../support/host-mounts.ts';
import { findMount, mountsOf } from '../support/mountinfo.ts';
import { type ConformanceTest, test } from '../support/test.ts';

type MutableMount = NonNullable<MutableConfig['mounts']>[number];

const bind = (source: string, destination: string, ...options: string[]): MutableMount => ({
  destination,
  type: 'none',
  source,
  options: ['bind', ...options],
});

export const mountTests: readonly ConformanceTest[] = [
  test('mounts.order', async (box) => {
    const [first, second] = [box.scratch(), box.scratch()];
    writeFileSync(join(first, 'mark'), 'first\n');
    writeFileSync(join(second, 'mark'), 'second\n');
    mkdirSync(join(first, 'inner'));
    const output = await box.script('cat /a/mark /a/inner/mark', (config) => {
      config.mounts.push(bind(second, '/a'), bind(first, '/a'), bind(second, '/a/inner'));
    });
    assert.equal(output, 'first\nsecond\n');
  }),

  test('mounts.relative-destination', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({ destination: 'tmp/deep/er', type: 'tmpfs', source: 'tmpfs' });
      if (config.process) config.process.cwd = '/bin';
    });
    assert.equal(findMount(container.pid, '/tmp/deep/er').type, 'tmpfs');
  }),

  test('mounts.makes-destination', async (box) => {
    const file = join(box.scratch(), 'file');
    writeFileSync(file, 'content\n');
    const output = await box.script('cat /new/dir/file; ls -d /other/dir/', (config) => {
      config.mounts.push(bind(file, '/new/dir/file'), {
        destination: '/other/dir',
        type: 'tmpfs',
        source: 'tmpfs',
      });
    });
    assert.equal(output, 'content\n/other/dir/\n');
  }),

  test('mounts.bind-directory', async (box) => {
    const source = box.scratch();
    writeFileSync(join(source, 'x'), 'from outside\n');
    const output = await box.script('cat /data/x; echo inside >/data/y', (config) => {
      config.mounts.push(bind(source, '/data'));
    });
    assert.equal(output, 'from outside\n');
    assert.equal(readFileSync(join(source, 'y'), 'utf8'), 'inside\n');
  }),

  test('mounts.bind-relative-source', async (box) => {
    const container = box.container(['cat', '/data/x'], (config) => {
      config.mounts.push(bind('volume', '/data'));
    });
    mkdirSync(join(container.directory, 'volume'));
    writeFileSync(join(container.directory, 'volume/x'), 'of the bundle\n');
    await container.create([], { cwd: '/' });
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'of the bundle\n');
  }),

  test('mounts.bind-not-recursive', async (box) => {
    const source = mountInside(box);
    const output = await box.script('ls /flat/inner; ls /whole/inner', (config) => {
      config.mounts.push(bind(source, '/flat'), { ...bind(source, '/whole'), options: ['rbind'] });
    });
    assert.equal(output, 'mark\n');
  }),

  test('mounts.bind-socket', async (box) => {
    const path = join(box.scratch(), 'socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.on('listening', resolve));
    box.onClose(() => server.close());
    assert.equal(
      await box.script('test -S /run.sock && echo socket', (config) => {
        config.mounts.push(bind(path, '/run.sock'));
      }),
      'socket\n',
    );
  }),

  test('mounts.bind-device', async (box) => {
    const output = await box.script(
      'head -c 4 /nul | wc -c; head -c 4 /dev/nothing | od -An -tx1',
      (config) => {
        config.mounts.push(bind('/dev/null', '/nul'), bind('/dev/zero', '/dev/nothing'));
      },
    );
    assert.match(output, /^0\n\s*00 00 00 00\n$/);
  }),

  test('mounts.bind-symlink', async (box) => {
    const directory = box.scratch();
    writeFileSync(join(directory, 'file'), 'content\n');
    symlinkSync('file', join(directory, 'link'));
    assert.equal(
      await box.script('cat /x', (config) => {
        config.mounts.push(bind(join(directory, 'link'), '/x'));
      }),
      'content\n',
    );
  }),

  test('mounts.destination-symlink-stays-inside', async (box) => {
    const outside = box.scratch();
    const container = box.container(['cat', `${outside}/hidden/x`], (config) => {
      config.mounts.push({ destination: '/link/hidden', type: 'tmpfs', source: 'tmpfs' });
    });
    symlinkSync(outside, join(container.rootfs, 'link'));
    const { code } = await container.tryCreate();
    assert.ok(!existsSync(join(outside, 'hidden')), 'the mount point was made on the host');
    if (code === 0) await container.must('delete', '--force');
  }),

  test('mounts.missing-source', async (box) => {
    await box.refused('a bind mount of nothing', (config) => {
      config.mounts.push(bind('/no/such/source', '/x'));
    });
  }),

  test('mounts.no-destination', async (box) => {
    await box.refused('a mount without destination', (config) => {
      config.mounts.push({ type: 'tmpfs', source: 'tmpfs' } as never);
    });
  }),

  test('mounts.no-source', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({ destination: '/x', type: 'tmpfs' });
    });
    assert.equal(findMount(container.pid, '/x').type, 'tmpfs');
  }),

  test('mounts.tmpfs', async (box) => {
    const output = await box.script('stat -c %a /x; stat -f -c "%b*%S" /x; stat -c %u:%g /x', (config) => {
      config.mounts.push({
        destination: '/x',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['size=64k', 'mode=1751', 'uid=7', 'gid=8', 'nosuid'],
      });
    });
    assert.equal(output, '1751\n16*4096\n7:8\n');
  }),

  test('mounts.unknown-options', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({
        destination: '/x',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nr_inodes=77', 'huge=never'],
      });
    });
    assert.match(findMount(container.pid, '/x').superblock, /nr_inodes=77/);
    await box.refused('an option that no filesystem knows', (config) => {
      config.mounts.push({
        destination: '/x',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['no_such_option=1'],
      });
    });
  }),

  test('mounts.types', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({ destination: '/mq', type: 'mqueue', source: 'mqueue', options: ['nosuid'] });
      config.mounts.push({
        destination: '/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'mode=0600'],
      });
      config.mounts.push({ destination: '/ram', type: 'ramfs', source: 'ramfs' });
    });
    for (const [path, type] of [
      ['/proc', 'proc'],
      ['/sys', 'sysfs'],
      ['/dev/pts', 'devpts'],
      ['/dev/shm', 'tmpfs'],
      ['/mq', 'mqueue'],
      ['/pts', 'devpts'],
      ['/ram', 'ramfs'],
    ] as const) {
      assert.equal(findMount(container.pid, path).type, type, path);
    }
  }),

  test('mounts.default-filesystems', async (box) => {
    const output = await box.script(
      'ls /proc/self/status /sys/kernel /dev/pts/ptmx; echo x >/dev/shm/x && cat /dev/shm/x',
    );
    assert.match(output, /\/proc\/self\/status/);
    assert.match(output, /\/dev\/pts\/ptmx/);
    assert.match(output, /\nx\n$/);
  }),

  test('mounts.overlay', async (box) => {
    const directory = box.scratch();
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'lower/x'), 'below\n');
    const output = await box.script('cat /o/x; echo above >/o/y', (config) => {
      const options = ['lowerdir', 'upperdir', 'workdir'].map(
        (name) => `${name}=${directory}/${name.replace('dir', '')}`,
      );
      config.mounts.push({ destination: '/o', type: 'overlay', source: 'overlay', options });
    });
    assert.equal(output, 'below\n');
    assert.equal(readFileSync(join(directory, 'upper/y'), 'utf8'), 'above\n');
  }),

  test('mounts.cgroup', async (box) => {
    const container = await box.running((config) => {
      config.mounts.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['ro', 'nosuid'],
      });
    });
    const below = mountsOf(container.pid).filter(({ target }) => target.startsWith('/sys/fs/cgroup'));
    assert.ok(
      below.some(({ type }) => type.startsWith('cgroup')),
      'no cgroup filesystem was mounted',
    );
    for (const mount of below.filter(({ type }) => type.startsWith('cgroup'))) {
      assert.ok(mount.options.includes('ro'), `${mount.target} is writable`);
    }
  }),

  test('mounts.cgroup-namespace', async (box) => {
    const output = await box.script(
      'cat /proc/self/cgroup; find /sys/fs/cgroup -name cgroup.procs | xargs cat',
      (config) => {
        config.linux.namespaces?.push({ type: 'cgroup' });
        config.mounts.push({
          destination: '/sys/fs/cgroup',
          type: 'cgroup',
          source: 'cgroup',
          options: ['ro'],
        });
      },
    );
    const paths = output
      .split('\n')
      .filter((line) => /^\d+:/.test(line))
      .map((line) => line.replace(/^\d+:[^:]*:/, ''));
    assert.ok(paths.length > 0);
    assert.deepEqual([...new Set(paths)], ['/']);
    assert.match(output, /^1$/m);
  }),

  test('mounts.user-namespace-sources', async (box) => {
    // A directory that only the host's root may enter, above what is mounted.
    const hidden = mkdtempSync(join(box.scratch(), 'x-'));
    const source = join(hidden, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'x'), 'reached\n');
    chmodSync(source, 0o755);
    chmodSync(hidden, 0o700);
    assert.equal(
      await box.script('cat /mnt/x', (config) => {
        config.linux.namespaces?.push({ type: 'user' });
        config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
        config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
        config.mounts.push(bind(source, '/mnt'));
      }),
      'reached\n',
    );
    assert.equal(statSync(source).uid, 0);
  }),
];
