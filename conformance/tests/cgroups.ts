/** config-linux.md: control groups, their path, ownership and device list. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Box } from '../support/box.ts';
import { cgroupAt, cgroupOf, hierarchies, isUnified } from '../support/cgroups.ts';
import { type MutableConfig, withUserNamespace } from '../support/config.ts';
import { directoryOf } from '../support/directory-of.ts';
import { type ConformanceTest, test } from '../support/test.ts';

type Devices = NonNullable<NonNullable<MutableConfig['linux']>['resources']>['devices'];

/** /dev/fuse: anybody may open it, and no runtime allows it by itself. */
const fuse = { type: 'c' as const, major: 10, minor: 229 };

async function tryDevice(box: Box, devices: Devices): Promise<string> {
  if (!existsSync('/dev/fuse')) box.skip('this kernel has no FUSE');
  // In a subshell: a redirection that fails ends the shell when its command is `:`.
  const file = '/dev/fuse';
  const script = `(: <${file}) && echo read; (: >${file}) && echo write; mknod /tmp/made c 10 229 && echo made; true`;
  const output = await box.script(script, (config) => {
    config.linux.devices = [{ ...fuse, path: '/dev/fuse', fileMode: 0o666 }];
    config.linux.resources = { ...(devices !== undefined && { devices }) };
  });
  return output
    .split('\n')
    .filter((line) => ['read', 'write', 'made'].includes(line))
    .join(' ');
}

export const cgroupTests: readonly ConformanceTest[] = [
  test('cgroups-path.absolute', async (box) => {
    const path = `/${box.id()}/inside`;
    const container = await box.running((config) => {
      config.linux.cgroupsPath = path;
    });
    box.onClose(() => rmdirEverywhere(dirname(path)));
    assert.equal(directoryOf(box, container, 'pids'), cgroupAt('pids', path));
    box.onClose(() => container.must('delete', '--force'));
  }),

  test('cgroups-path.relative', async (box) => {
    const path = `${box.id()}/inside`;
    const container = await box.running((config) => {
      config.linux.cgroupsPath = path;
    });
    const directory = directoryOf(box, container, 'pids');
    assert.ok(directory.endsWith(`/${path}`), directory);
    await container.kill();
    await container.must('delete');
    rmdirQuietly(dirname(directory));
  }),

  test('cgroups-path.same-place', async (box) => {
    for (const path of [`/${box.id()}`, box.id()]) {
      const places: string[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const container = await box.running((config) => {
          config.linux.cgroupsPath = path;
        });
        places.push(directoryOf(box, container, 'pids'));
        await container.kill();
        await container.must('delete');
      }
      assert.equal(places[0], places[1]);
    }
  }),

  test('cgroups-path.made', async (box) => {
    const path = `/${box.id()}`;
    assert.ok(!existsSync(cgroupAt('pids', path)));
    const container = await box.running((config) => {
      config.linux.cgroupsPath = path;
    });
    const procs = readFileSync(join(directoryOf(box, container, 'pids'), 'cgroup.procs'), 'utf8').split('\n');
    assert.ok(procs.includes(String(container.pid)));
  }),

  test('cgroups-path.escapes', async (box) => {
    const name = box.id();
    const container = box.container(['sleep', '1000'], (config) => {
      config.linux.cgroupsPath = `/../../../tmp/${name}`;
    });
    if ((await container.tryCreate()).code === 0) {
      const { pid } = await container.state();
      assert.ok(!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('..'));
    }
    assert.ok(!existsSync(`/tmp/${name}`));
  }),

  test('cgroups-path.default', async (box) => {
    const [first, second] = [await box.running(), await box.running()];
    assert.notEqual(directoryOf(box, first, 'pids'), directoryOf(box, second, 'pids'));
    assert.notEqual(directoryOf(box, first, 'pids'), cgroupOf(process.pid, 'pids'));
  }),

  test('cgroups.ownership-v1', async (box) => {
    if (isUnified()) box.skip('cgroup v1 only');
    const container = await box.running((config) => {
      withUserNamespace(config);
      config.linux.namespaces?.push({ type: 'cgroup' });
      config.mounts.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['rw'],
      });
    });
    for (const controller of ['pids', 'memory']) {
      const directory = directoryOf(box, container, controller);
      for (const path of [directory, join(directory, 'cgroup.procs')])
        assert.equal(statSync(path).uid, 0, path);
    }
  }),

  test('cgroups.ownership-v2', async (box) => {
    if (!isUnified()) box.skip('cgroup v2 only');
    const owners = async (namespace: boolean, options: string[] | undefined): Promise<readonly number[]> => {
      const container = await box.running((config) => {
        withUserNamespace(config);
        if (namespace) config.linux.namespaces?.push({ type: 'cgroup' });
        if (options)
          config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
      });
      const directory = directoryOf(box, container, 'pids');
      return ['', 'cgroup.procs', 'cgroup.subtree_control', 'pids.max', 'memory.max'].map(
        (name) => statSync(join(directory, name)).uid,
      );
    };
    assert.deepEqual(await owners(true, ['rw']), [100_000, 100_000, 100_000, 0, 0]);
    assert.deepEqual(await owners(true, ['ro']), [0, 0, 0, 0, 0]);
    assert.deepEqual(await owners(true, undefined), [0, 0, 0, 0, 0]);
    assert.deepEqual(await owners(false, ['rw']), [0, 0, 0, 0, 0]);
  }),

  test('device-list.denied', async (box) => {
    assert.equal(await tryDevice(box, [{ allow: false, access: 'rwm' }]), 'made');
  }),

  test('device-list.allowed', async (box) => {
    assert.equal(
      await tryDevice(box, [
        { allow: false, access: 'rwm' },
        { allow: true, ...fuse, access: 'rwm' },
      ]),
      'read write made',
    );
  }),

  test('device-list.access', async (box) => {
    assert.equal(
      await tryDevice(box, [
        { allow: false, access: 'rwm' },
        { allow: true, ...fuse, access: 'r' },
      ]),
      'read made',
    );
    assert.equal(
      await tryDevice(box, [
        { allow: false, access: 'rwm' },
        { allow: true, ...fuse, access: 'w' },
      ]),
      'write made',
    );
  }),

  test('device-list.order', async (box) => {
    const allow = { allow: true, ...fuse, access: 'rwm' };
    const deny = { allow: false, ...fuse, access: 'w' };
    const all = { allow: false, access: 'rwm' };
    assert.equal(await tryDevice(box, [all, allow, deny]), 'read made');
    assert.equal(await tryDevice(box, [all, deny, allow]), 'read write made');
    assert.equal(await tryDevice(box, [allow, all]), 'made');
  }),

  test('device-list.wildcards', async (box) => {
    const all = { allow: false, access: 'rwm' };
    assert.equal(
      await tryDevice(box, [all, { allow: true, type: 'c', major: 10, access: 'rw' }]),
      'read write made',
    );
    assert.equal(await tryDevice(box, [all, { allow: true, type: 'c', access: 'r' }]), 'read made');
    assert.equal(await tryDevice(box, [all, { allow: true, type: 'a', access: 'rwm' }]), 'read write made');
    assert.equal(await tryDevice(box, [all, { allow: true, type: 'b', access: 'rwm' }]), 'made');
  }),

  test('device-list.defaults-stay', async (box) => {
    const output = await box.script(
      'echo x >/dev/null && head -c 1 /dev/zero | wc -c; head -c 1 /dev/urandom | wc -c',
      (config) => {
        config.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
      },
    );
    assert.equal(output, '1\n1\n');
  }),

  test('device-list.required-fields', async (box) => {
    await box.refused('a rule whose allow is text', (config) => {
      config.linux.resources = { devices: [{ allow: 'yes', access: 'r' } as never] };
    });
    await box.refused('a rule of an unknown type', (config) => {
      config.linux.resources = { devices: [{ allow: true, type: 'x', access: 'r' } as never] };
    });
    await box.refused('a rule with unknown access', (config) => {
      config.linux.resources = { devices: [{ allow: true, type: 'c', major: 1, minor: 3, access: 'q' }] };
    });
  }),

  test('cgroups.joins-existing', async (box) => {
    const path = `/${box.id()}`;
    const directory = cgroupAt('pids', path);
    mkdirSync(directory);
    box.onClose(() => rmdirQuietly(directory));
    const container = await box.running((config) => {
      config.linux.cgroupsPath = path;
    });
    assert.equal(directoryOf(box, container, 'pids'), directory);
  }),
];

function rmdirQuietly(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Gone already, or somebody's.
  }
}

function rmdirEverywhere(path: string): void {
  for (const { mount } of hierarchies()) rmdirQuietly(join(mount, path));
}
