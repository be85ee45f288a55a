/** The shim's root filesystems: what containerd's snapshotters ask for is mounted, and is gone again afterwards. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { mountRequest, mountRootfs, type RootfsMount, unmountRootfs } from '../../../src/shim/rootfs.ts';
import { type MountLine, parseMountinfo } from '../support/mountinfo.ts';
import { childrenOf, hasEnded } from '../support/processes.ts';
import { testWhere } from '../support/skip.ts';
import { until } from '../support/wait.ts';

const native = loadNative(findLibexec());
const host = { native, wait: watchingWait(native) };
const test = suite('shim: root filesystems');
const isInstalled = (program: string) =>
  ['/sbin', '/usr/sbin'].some((path) => existsSync(`${path}/${program}`));

const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);
const mapsTmpfs = major > 6 || (major === 6 && minor >= 3);

let bundle = '';
let root = '';
const mounted = (): MountLine[] =>
  parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ target }) =>
    target.startsWith(bundle),
  );
const openFiles = () => readdirSync('/proc/self/fd').length;

test.before.each(() => {
  // An overlay cannot lie on another: the directory has a filesystem of its own.
  bundle = mkdtempSync(join(tmpdir(), 'tsoci-rootfs-'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', bundle]);
  root = join(bundle, 'rootfs');
});
test.after.each(() => {
  for (let line = mounted().at(-1); line !== undefined; line = mounted().at(-1))
    execFileSync('umount', ['-l', line.target]);
  rmSync(bundle, { recursive: true });
});

const mount = (type: string, source: string, options: readonly string[], target = ''): RootfsMount => ({
  type,
  source,
  target,
  options,
});

/** Directories with a file each, named by its number; the first is the topmost. */
function makeLayers(count: number, name = 'layer'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = join(bundle, `${name}-${index}`);
    mkdirSync(path);
    writeFileSync(join(path, `file-${index}`), String(index));
    writeFileSync(join(path, 'which'), String(index));
    return path;
  });
}

function overlay(layers: readonly string[], ...more: string[]): RootfsMount {
  for (const name of ['upper', 'work']) mkdirSync(join(bundle, name), { recursive: true });
  return mount('overlay', 'overlay', [
    `workdir=${join(bundle, 'work')}`,
    `upperdir=${join(bundle, 'upper')}`,
    `lowerdir=${layers.map((path) => path.replaceAll(':', '\\:')).join(':')}`,
    ...more,
  ]);
}

test('an overlay of 300 layers, far more than fit mount(2), can be written to, and is gone afterwards', async () => {
  const before = openFiles();
  const layers = makeLayers(300);
  await mountRootfs(host, bundle, [overlay(layers, 'index=off')]);
  assert.equal(statSync(root).mode & 0o7777, statSync(join(bundle, 'upper')).mode & 0o7777);
  assert.equal(readFileSync(join(root, 'which'), 'utf8'), '0');
  assert.equal(readFileSync(join(root, 'file-299'), 'utf8'), '299');
  writeFileSync(join(root, 'new'), 'x');
  assert.equal(readFileSync(join(bundle, 'upper', 'new'), 'utf8'), 'x');
  await unmountRootfs(host, bundle);
  assert.deepEqual(readdirSync(root), []);
  assert.equal(mounted().length, 1);
  await unmountRootfs(host, bundle);
  assert.ok(openFiles() <= before);
});

test('names of layers may be long, and have colons, commas and backslashes', async () => {
  const layers = makeLayers(2, `a:b,c ${'long'.repeat(60)}`);
  const escaped = overlay(layers);
  const options = escaped.options.map((text) => text.replaceAll(',', '\\,'));
  await mountRootfs(host, bundle, [{ ...escaped, options }]);
  assert.equal(readFileSync(join(root, 'file-1'), 'utf8'), '1');
  await unmountRootfs(host, bundle);
});

test('and so on a kernel before 6.5', async () => {
  const strange = 'a:b,c\\d';
  const layers = makeLayers(2, strange);
  for (const name of ['up', 'work']) mkdirSync(join(bundle, `${strange}-${name}`));
  const parameters = ['up', 'work'].map(
    (name) => `${name === 'up' ? 'upper' : name}dir=${join(bundle, `${strange}-${name}`)}`,
  );
  const request = mountRequest(root, mount('overlay', 'overlay', []), '6.4.0');
  mkdirSync(root, { recursive: true });
  await native.mountAsync({ ...request, layers, parameters });
  writeFileSync(join(root, 'new'), 'x');
  assert.equal(readFileSync(join(bundle, `${strange}-up`, 'new'), 'utf8'), 'x');
  assert.equal(readFileSync(join(root, 'file-1'), 'utf8'), '1');
  await unmountRootfs(host, bundle);
});

test('on a kernel before 6.5: by name while that fits the page, else by descriptor', async () => {
  for (const count of [3, 250]) {
    const request = mountRequest(root, overlay(makeLayers(count, `of-${count}`), 'ro'), '6.4.0');
    assert.equal(request.flags, 0);
    mkdirSync(root, { recursive: true });
    await native.mountAsync(request);
    assert.equal(readFileSync(join(root, 'which'), 'utf8'), '0');
    assert.equal(readFileSync(join(root, `file-${count - 1}`), 'utf8'), String(count - 1));
    assert.ok(mounted().at(-1)?.options.includes('ro'));
    await unmountRootfs(host, bundle);
  }
  assert.equal(process.cwd(), process.cwd());
  assert.notEqual(process.cwd(), '/proc/thread-self/fd');
});

test('a bind mount is read-only when it is asked to be, and rbind brings what is below', async () => {
  const [source = ''] = makeLayers(1);
  mkdirSync(join(source, 'below'));
  execFileSync('mount', ['-t', 'tmpfs', 'x', join(source, 'below')]);
  writeFileSync(join(source, 'below', 'deep'), '');
  await mountRootfs(host, bundle, [mount('bind', source, ['rbind', 'ro', 'nosuid'])]);
  assert.throws(() => writeFileSync(join(root, 'x'), ''), /EROFS/);
  assert.ok(existsSync(join(root, 'below', 'deep')));
  await unmountRootfs(host, bundle);
  await mountRootfs(host, bundle, [mount('bind', source, ['bind'])]);
  writeFileSync(join(root, 'x'), '');
  assert.ok(!existsSync(join(root, 'below', 'deep')));
  await unmountRootfs(host, bundle);
  assert.equal(mounted().length, 2);
});

testWhere(
  test,
  mapsTmpfs,
  'before Linux 6.3 a tmpfs, on which they lie here, has no mapped mounts',
  'the files of a user namespace: a bind mount, and the layers of an overlay, belong to mapped ids',
  async () => {
    const layers = makeLayers(3);
    const maps = ['uidmap=0:100000:1000,1000:300000:10', 'gidmap=0:200000:65536'];
    await mountRootfs(host, bundle, [mount('bind', layers[0] ?? '', ['bind', ...maps])]);
    assert.deepEqual(
      [statSync(join(root, 'which')).uid, statSync(join(root, 'which')).gid],
      [100_000, 200_000],
    );
    await unmountRootfs(host, bundle);
    await mountRootfs(host, bundle, [overlay(layers, ...maps)]);
    assert.equal(statSync(join(root, 'file-2')).uid, 100_000);
    await unmountRootfs(host, bundle);
    // Nobody is left of those that made the namespaces.
    assert.deepEqual(childrenOf(process.pid).filter(hasEnded), []);
  },
);

/** What snapshotters put into files or onto devices: how one is made, and the least size that it takes. */
const filesystems = [
  { type: 'ext4', make: ['mkfs.ext4', '-q'], megabytes: 4, package: 'e2fsprogs' },
  { type: 'xfs', make: ['mkfs.xfs', '-q'], megabytes: 300, package: 'xfsprogs' },
  { type: 'btrfs', make: ['mkfs.btrfs', '-q'], megabytes: 128, package: 'btrfs-progs' },
] as const;

/** Why nothing of that type can be mounted here. */
function whyNot({ type, make: [program], package: from }: (typeof filesystems)[number]): string {
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  if (!isInstalled(program)) return `${program} is not here (package ${from})`;
  const known = () => new RegExp(`\\s${type}$`, 'm').test(readFileSync('/proc/filesystems', 'utf8'));
  if (!known()) spawnSync('modprobe', ['-q', type], { stdio: 'ignore' });
  return known() ? '' : `this kernel has no ${type}`;
}

const devicesOf = (image: string): boolean =>
  execFileSync('losetup', ['-a'], { encoding: 'utf8' }).includes(image);

for (const filesystem of filesystems) {
  const { type, make, megabytes } = filesystem;
  const missing = whyNot(filesystem);
  testWhere(
    test,
    missing === '',
    missing,
    `${type} in a file, by a loop device that is free again afterwards`,
    async () => {
      // Not in memory: what is empty of it takes no room on a disk.
      const directory = mkdtempSync(join(tmpdir(), 'tsoci-image-'));
      const image = join(directory, 'image');
      try {
        closeSync(openSync(image, 'w'));
        truncateSync(image, megabytes << 20);
        const [program, ...options] = make;
        execFileSync(program, [...options, image], { stdio: 'ignore' });
        await mountRootfs(host, bundle, [mount(type, image, ['loop', 'noatime'])]);
        assert.equal(mounted().at(-1)?.type, type);
        writeFileSync(join(root, 'kept'), 'x');
        const device = mounted().at(-1)?.source ?? '';
        assert.match(device, /^\/dev\/loop\d+$/);
        await unmountRootfs(host, bundle);
        // Whoever makes a mount namespace at this moment has it mounted as well, for as long as that takes.
        await until('the device is free', () => !devicesOf(image));
        await mountRootfs(host, bundle, [mount(type, image, ['loop', 'ro'])]);
        assert.equal(readFileSync(join(root, 'kept'), 'utf8'), 'x');
        assert.throws(() => writeFileSync(join(root, 'x'), ''), /EROFS/);
        await unmountRootfs(host, bundle);
        await until('the device is free', () => !devicesOf(image));
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
}

test('several mounts, one in another; a target whose links lead out stays inside', async () => {
  const [base = '', second = ''] = makeLayers(2);
  mkdirSync(join(base, 'inside'));
  symlinkSync('/inside', join(base, 'link'));
  symlinkSync('../../../../../../inside', join(base, 'far'));
  await mountRootfs(host, bundle, [
    mount('bind', base, ['bind']),
    mount('bind', second, ['bind'], 'link'),
    mount('tmpfs', 'tmpfs', ['size=64k'], '/far'),
  ]);
  assert.equal(readFileSync(join(base, 'which'), 'utf8'), '0');
  assert.deepEqual(
    mounted().map(({ target }) => target.slice(bundle.length)),
    ['', '/rootfs', '/rootfs/inside', '/rootfs/inside'],
  );
  await unmountRootfs(host, bundle);
  assert.equal(mounted().length, 1);
});

test('rbind of what the host shares: the host keeps what is mounted there, and goes on to show what it mounts', async () => {
  const source = join(bundle, 'source');
  for (const name of ['below', 'later']) mkdirSync(join(source, name), { recursive: true });
  execFileSync('mount', ['--bind', source, source]);
  execFileSync('mount', ['--make-shared', source]);
  execFileSync('mount', ['-t', 'tmpfs', 'x', join(source, 'below')]);
  await mountRootfs(host, bundle, [mount('bind', source, ['rbind'])]);
  execFileSync('mount', ['-t', 'tmpfs', 'x', join(source, 'later')]);
  const targets = () => mounted().map(({ target }) => target.slice(bundle.length));
  const ofHost = ['', '/source', '/source/below', '/source/later'];
  assert.deepEqual(targets().sort(), [...ofHost, '/rootfs', '/rootfs/below', '/rootfs/later'].sort());
  await unmountRootfs(host, bundle);
  assert.deepEqual(targets().sort(), ofHost);
});

test('what is mounted below a directory that is none itself goes too', async () => {
  mkdirSync(join(root, 'deep', 'er here'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'x', join(root, 'deep')]);
  mkdirSync(join(root, 'deep', 'er here'));
  execFileSync('mount', ['-t', 'tmpfs', 'x', join(root, 'deep', 'er here')]);
  await unmountRootfs(host, bundle);
  assert.equal(mounted().length, 1);
});

test('a mount that fails takes the earlier ones with it, and says why', async () => {
  const layers = makeLayers(1);
  const missing = join(bundle, 'missing');
  for (const [bad, problem] of [
    [
      mount('bind', missing, ['bind']),
      /cannot mount the bind of the root filesystem at ".*rootfs": ENOENT: .*missing/,
    ],
    [overlay([...layers, missing]), /ENOENT.*lowerdir\+?=.*missing/],
    [mount('nosuchfs', 'x', []), /ENODEV.*nosuchfs/],
    [mount('tmpfs', 'x', ['nosuchoption=1']), /EINVAL.*nosuchoption=1: .*Unknown parameter/],
    [mount('bind', layers[0] ?? '', ['bind'], 'not/there'), /ENOENT.*not\/there/],
    [mount('fuse.nobody', 'x', []), /mount.fuse|could not mount/],
    [mount('bind', layers[0] ?? '', ['bind', 'uidmap=1:2']), /uidmap and gidmap/],
  ] as const) {
    await assert.rejects(mountRootfs(host, bundle, [mount('bind', layers[0] ?? '', ['bind']), bad]), problem);
    assert.equal(mounted().length, 1, problem.source);
  }
});

test('what is in use is out of sight at once, and whoever uses it keeps it', async () => {
  await mountRootfs(host, bundle, [mount('tmpfs', 'x', [])]);
  writeFileSync(join(root, 'kept'), 'here');
  const user = spawn('sh', ['-c', 'read line; cat kept'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const said: string[] = [];
  user.stdout?.on('data', (data) => said.push(String(data)));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await unmountRootfs(host, bundle);
  assert.equal(mounted().length, 1);
  user.stdin?.end('go\n');
  await new Promise((resolve) => user.on('close', resolve));
  assert.equal(said.join(''), 'here');
});

test('nothing to mount, no bundle: nothing happens', async () => {
  await mountRootfs(host, bundle, []);
  assert.ok(!existsSync(root));
  await unmountRootfs(host, bundle);
  await unmountRootfs(host, join(bundle, 'nowhere'));
});

test.run();
