/** config-linux.md: devices; runtime-linux.md: links in /dev. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withUserNamespace } from '../support/config.ts';
import { type ConformanceTest, test } from '../support/test.ts';

/** `stat -c` of busybox: type, major and minor in hexadecimal, permissions, owner. */
const stat = (path: string): string => `stat -c '%n %F %t:%T %a %u:%g' ${path}`;

const defaults = [
  ['null', '1:3'],
  ['zero', '1:5'],
  ['full', '1:7'],
  ['random', '1:8'],
  ['urandom', '1:9'],
  ['tty', '5:0'],
] as const;

export const deviceTests: readonly ConformanceTest[] = [
  test('devices.defaults', async (box) => {
    const output = await box.script(stat(defaults.map(([name]) => `/dev/${name}`).join(' ')));
    const expected = defaults.map(
      ([name, number]) => `/dev/${name} character special file ${number} 666 0:0`,
    );
    assert.deepEqual(output.trim().split('\n'), expected);
  }),

  test('devices.defaults-work', async (box) => {
    const script =
      'echo x >/dev/null && head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; echo x >/dev/full || echo full';
    const output = await box.script(script);
    assert.match(output, /^3\n3\n(?:.*No space left.*\n)?full\n$/);
  }),

  test('devices.ptmx', async (box) => {
    const output = await box.script(
      'readlink -f /dev/ptmx; stat -c %t:%T /dev/pts/ptmx; : <>/dev/ptmx && echo opened',
    );
    assert.match(output, /(?:\/dev\/pts\/ptmx|\/dev\/ptmx)\n5:2\nopened\n/);
  }),

  test('devices.links', async (box) => {
    const names = ['fd', 'stdin', 'stdout', 'stderr'];
    const output = await box.script(names.map((name) => `readlink /dev/${name}`).join('; '));
    assert.equal(output, '/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n');
  }),

  test('devices.char', async (box) => {
    const output = await box.script(
      `${stat('/dev/own /deep/er/dev')}; head -c 2 /dev/own | wc -c`,
      (config) => {
        const device = { type: 'c' as const, major: 1, minor: 5 };
        config.linux.devices = [
          { ...device, path: '/dev/own', fileMode: 0o640, uid: 12, gid: 34 },
          { ...device, path: '/deep/er/dev', fileMode: 0o600 },
        ];
      },
    );
    assert.equal(
      output,
      '/dev/own character special file 1:5 640 12:34\n/deep/er/dev character special file 1:5 600 0:0\n2\n',
    );
  }),

  test('devices.unbuffered', async (box) => {
    assert.equal(
      await box.script(stat('/dev/own'), (config) => {
        config.linux.devices = [{ path: '/dev/own', type: 'u', major: 1, minor: 3, fileMode: 0o606 }];
      }),
      '/dev/own character special file 1:3 606 0:0\n',
    );
  }),

  test('devices.block', async (box) => {
    assert.equal(
      await box.script(stat('/dev/disk'), (config) => {
        config.linux.devices = [
          { path: '/dev/disk', type: 'b', major: 7, minor: 200, fileMode: 0o660, uid: 0, gid: 6 },
        ];
      }),
      '/dev/disk block special file 7:c8 660 0:6\n',
    );
  }),

  test('devices.fifo', async (box) => {
    const output = await box.script(
      `${stat('/dev/pipe')}; test -p /dev/numbered && echo numbered; echo through >/dev/pipe & cat /dev/pipe`,
      (config) => {
        config.linux.devices = [
          { path: '/dev/pipe', type: 'p', fileMode: 0o622, uid: 5, gid: 6 },
          // Only other types have to have numbers; a pipe that has some is a pipe.
          { path: '/dev/numbered', type: 'p', major: 8, minor: 666 },
        ];
      },
    );
    assert.equal(output, '/dev/pipe fifo 0:0 622 5:6\nnumbered\nthrough\n');
  }),

  test('devices.exact-mode', async (box) => {
    const container = box.container(['sh', '-c', stat('/dev/own')], (config) => {
      config.linux.devices = [{ path: '/dev/own', type: 'c', major: 1, minor: 3, fileMode: 0o777 }];
    });
    await container.create([], { caller: 'umask 077' });
    await container.start();
    await container.stopped();
    assert.match(container.output(), / 777 /);
  }),

  test('devices.user-namespace', async (box) => {
    const output = await box.script(
      'stat -c %t:%T /dev/null /dev/zero; echo x >/dev/null && head -c 1 /dev/zero | wc -c',
      (config) => {
        withUserNamespace(config);
      },
    );
    assert.equal(output, '1:3\n1:5\n1\n');
  }),

  test('devices.other-file-in-the-way', async (box) => {
    for (const [what, make] of [
      ['a file', (path: string) => writeFileSync(path, '')],
      ['a directory', (path: string) => mkdirSync(path)],
      ['another device', (path: string) => execFileSync('mknod', [path, 'c', '1', '5'])],
      ['a fifo', (path: string) => execFileSync('mkfifo', [path])],
    ] as const) {
      const container = box.container(['true'], (config) => {
        config.linux.devices = [{ path: '/mnt/device', type: 'c', major: 1, minor: 3 }];
      });
      make(join(container.rootfs, 'mnt/device'));
      assert.notEqual((await container.tryCreate()).code, 0, `${what} was taken for the device`);
    }
  }),

  test('devices.same-device-there', async (box) => {
    const container = box.container(['sh', '-c', stat('/mnt/device')], (config) => {
      config.linux.devices = [{ path: '/mnt/device', type: 'c', major: 1, minor: 3, fileMode: 0o666 }];
    });
    execFileSync('mknod', [join(container.rootfs, 'mnt/device'), 'c', '1', '3']);
    await container.create();
    await container.start();
    await container.stopped();
    assert.match(container.output(), /character special file 1:3/);
  }),

  test('devices.required-fields', async (box) => {
    const device = { path: '/dev/own', type: 'c', major: 1, minor: 3 };
    for (const missing of ['path', 'type']) {
      await box.refused(`a device without ${missing}`, (config) => {
        const entry: Record<string, unknown> = { ...device };
        delete entry[missing];
        config.linux.devices = [entry as never];
      });
    }
    await box.refused('an unknown type', (config) => {
      config.linux.devices = [{ ...device, type: 'x' } as never];
    });
    await box.refused('a major number that is none', (config) => {
      config.linux.devices = [{ ...device, major: 'one' } as never];
    });
  }),

  test('devices.not-others', async (box) => {
    const output = await box.script(
      'for f in /dev/*; do test ! -L $f && test -c $f -o -b $f && echo $f; done; mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem >/dev/null && echo read memory; true',
      (config) => {
        config.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
      },
    );
    const known = [...defaults.map(([name]) => `/dev/${name}`), '/dev/ptmx', '/dev/console'];
    for (const line of output.split('\n').filter((each) => each.startsWith('/dev/')))
      assert.ok(known.includes(line), line);
    assert.ok(!output.includes('read memory'));
  }),

  test('devices.own-dev-kept', async (box) => {
    const directory = box.scratch();
    writeFileSync(join(directory, 'mark'), 'mine\n');
    for (const [name, number] of defaults)
      execFileSync('mknod', ['-m', '666', join(directory, name), 'c', ...number.split(':')]);
    const output = await box.script('cat /dev/mark; stat -c %t:%T /dev/null', (config) => {
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      config.mounts.push({ destination: '/dev', source: directory, options: ['bind'] });
    });
    assert.equal(output, 'mine\n1:3\n');
    assert.equal(readFileSync(join(directory, 'mark'), 'utf8'), 'mine\n');
    for (const [name] of defaults) assert.ok(statSync(join(directory, name)).isCharacterDevice(), name);
  }),
];
