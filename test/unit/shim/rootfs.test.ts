import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Failure } from '../../../src/failure.ts';
import type { MountRequest, Native, SpawnOptions } from '../../../src/host/native.ts';
import { mountRequest, mountRootfs, type RootfsMount, unmountRootfs } from '../../../src/shim/rootfs.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { assertRefused, laterFailureOf } from '../refusal.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: the root filesystem');

const mount = (type: string, options: readonly string[], more: Partial<RootfsMount> = {}): RootfsMount => ({
  type,
  source: '/s',
  target: '',
  options,
  ...more,
});
const request = (given: RootfsMount, release = '6.1.0') => mountRequest('/b/rootfs', given, release);

test('an overlay’s layers are apart, in their order; a colon may be part of a name', () => {
  const { flags, layers, parameters, type, source } = request(
    mount('overlay', ['workdir=/w', 'lowerdir=/a:/b\\:c:/d', 'upperdir=/u']),
  );
  assert.deepEqual([flags, type, source], [0, 'overlay', '/s']);
  assert.deepEqual(layers, ['/a', '/b:c', '/d']);
  assert.deepEqual(parameters, ['workdir=/w', 'upperdir=/u']);
});

test('layers are given one by one to kernels that take them so', () => {
  const flags = (release: string) => request(mount('overlay', ['lowerdir=/a']), release).flags;
  assert.deepEqual(['6.4.9', '6.5.0-rc1', '7.0.0', '5.15.0'].map(flags), [0, 8, 8, 0]);
});

test('a bind mount, with all below it or without; a loop device', () => {
  assert.equal(request(mount('bind', ['bind'])).flags, 1);
  assert.equal(request(mount('bind', ['rbind', 'ro'])).flags, 3);
  assert.notEqual(request(mount('bind', ['rbind', 'ro'])).set, 0);
  const loop = request(mount('ext4', ['loop', 'data=ordered']));
  assert.deepEqual([loop.flags, loop.parameters], [4, ['data=ordered']]);
});

test('id maps are lines of uid_map; both are needed, in their form', () => {
  const { uidMap, gidMap, parameters } = request(
    mount('overlay', ['uidmap=0:1000:1,1:2000:10', 'gidmap=0:5:1']),
  );
  assert.deepEqual([uidMap, gidMap, parameters], ['0 1000 1\n1 2000 10\n', '0 5 1\n', []]);
  assertRefused(() => request(mount('ext4', ['uidmap=0:0:1'])), 'invalid', undefined, /needs both/);
  const wrong = mount('ext4', ['uidmap=0:0', 'gidmap=0:0:1']);
  assertRefused(() => request(wrong), 'invalid', undefined, /^uidmap="0:0" of a mount is not/);
});

/** A machine where mounts are a list of places; what was done is in the log. */
function machine(
  refuse: (action: string) => string | undefined = () => undefined,
  calls: Partial<Native> = {},
) {
  const log: string[] = [];
  const mounted: string[] = [];
  const act = (action: string) => {
    const code = refuse(action);
    if (code !== undefined) throw systemError(code, action);
    log.push(action);
  };
  const host = {
    ...fakeHost({
      kernel: () => ({ release: '6.6.0', machine: 'x' }) as ReturnType<Native['kernel']>,
      makeDirectory: (path) => act(`make ${path}`),
      mountAsync: async ({ type, root, target }: MountRequest) => {
        act(`mount ${type}`);
        mounted.push(target === '' ? root : `${root}/${target}`);
      },
      unmountAsync: async (path, flags) => {
        assert.equal(flags, 10, 'detached, and no link followed');
        const index = mounted.lastIndexOf(path);
        act(`unmount ${path}`);
        if (index < 0) throw systemError('EINVAL', path);
        mounted.splice(index, 1);
      },
      readDirectory: () => (mounted.length === 0 ? [] : ['etc']),
      realPath: (path) => path,
      readText: () => mounted.map((path, index) => `${index} 1 0:1 / ${path} rw - tmpfs t rw\n`).join(''),
      eventDescriptor: () => 5,
      write: () => undefined,
      close: () => undefined,
      ...calls,
    }),
    wait: { ...pauses, readable: async () => pauses.pause(1).then(() => [5]) },
  };
  return { host, log, mounted };
}

test('mounts come in their order; nothing happens without one', async () => {
  const { host, log, mounted } = machine();
  await mountRootfs(host, '/b', []);
  assert.deepEqual(log, []);
  await mountRootfs(host, '/b', [mount('overlay', []), mount('tmpfs', [], { target: 'tmp' })]);
  assert.deepEqual(log, ['make /b/rootfs', 'mount overlay', 'mount tmpfs']);
  assert.deepEqual(mounted, ['/b/rootfs', '/b/rootfs/tmp']);
});

test('a directory that is there is taken', async () => {
  const { host, mounted } = machine((action) => (action.startsWith('make') ? 'EEXIST' : undefined));
  await mountRootfs(host, '/b', [mount('ext4', [])]);
  assert.deepEqual(mounted, ['/b/rootfs']);
});

test('a mount that fails undoes those before it', async () => {
  const { host, mounted } = machine((action) => (action === 'mount tmpfs' ? 'ENOMEM' : undefined));
  const failure = await laterFailureOf(() =>
    mountRootfs(host, '/b', [mount('ext4', []), mount('tmpfs', [])]),
  );
  assert.match(failure.message, /^cannot mount the tmpfs of the root filesystem at "\/b\/rootfs": ENOMEM/);
  assert.deepEqual([mounted, failure.cleanup], [[], []]);
});

test('what cannot be undone rides beside the failure', async () => {
  const refuse = (action: string) =>
    action === 'mount tmpfs' ? 'ENOMEM' : action.startsWith('unmount') ? 'EPERM' : undefined;
  const { host } = machine(refuse);
  const failure = await laterFailureOf(() =>
    mountRootfs(host, '/b', [mount('ext4', []), mount('tmpfs', [])]),
  );
  assert.match(failure.message, /ENOMEM/);
  assert.match((failure.cleanup[0] as Failure).message, /^cannot unmount "\/b\/rootfs": EPERM/);
});

test('unmounting ends what is mounted below, innermost first; nothing there is no failure', async () => {
  const { host, log, mounted } = machine();
  mounted.push('/b/rootfs', '/b/rootfs/a', '/b/rootfs/a/b', '/b/rootfsx');
  await unmountRootfs(host, '/b');
  assert.deepEqual(log, ['unmount /b/rootfs', 'unmount /b/rootfs/a/b', 'unmount /b/rootfs/a']);
  assert.deepEqual(mounted, ['/b/rootfsx']);
  await unmountRootfs(machine().host, '/b');
});

test('what stays mounted is told', async () => {
  const { host, mounted } = machine(() => undefined, { unmountAsync: async () => undefined });
  mounted.push('/b/rootfs');
  assert.equal(
    (await laterFailureOf(() => unmountRootfs(host, '/b'))).message,
    'something is still mounted at "/b/rootfs"',
  );
});

/** A machine with a helper for fuse3, which ends so. */
function helped(code: number, helper = '/usr/bin/mount.fuse3') {
  const started: SpawnOptions[] = [];
  const scene = machine(undefined, {
    status: (path) => (path === helper ? ({ mode: 0o100755 } as ReturnType<Native['status']>) : undefined),
    open: () => 6,
    spawn: (options) => {
      started.push(options);
      return 9;
    },
  });
  const wait = { ...scene.host.wait, child: async () => ({ code, signal: undefined }) };
  return { host: { ...scene.host, wait }, started };
}

test('fuse filesystems are mounted by their helper, which is given name, place and options', async () => {
  const { host, started } = helped(0);
  await mountRootfs(host, '/b', [mount('fuse3.fuse-overlayfs', ['ro', 'x=y'], { target: 'in' })]);
  assert.deepEqual(started[0]?.argv, [
    '/usr/bin/mount.fuse3',
    'fuse-overlayfs#/s',
    '/b/rootfs/in',
    '-o',
    'ro,x=y',
  ]);
  const failed = helped(1);
  const failure = await laterFailureOf(() => mountRootfs(failed.host, '/b', [mount('fuse3', [])]));
  assert.equal(failure.message, '/usr/bin/mount.fuse3 could not mount "/s"');
  assert.deepEqual(failed.started[0]?.argv, ['/usr/bin/mount.fuse3', '/s', '/b/rootfs/']);
  const without = helped(0, '');
  const missing = await laterFailureOf(() => mountRootfs(without.host, '/b', [mount('fuse.x', [])]));
  assert.deepEqual(
    [missing.code, missing.message],
    ['unsupported', '"fuse.x" is mounted by mount.fuse, which is not installed'],
  );
});

test.run();
