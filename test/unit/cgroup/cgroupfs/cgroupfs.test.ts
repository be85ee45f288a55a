/**
 * Tests also: src/cgroup/apply/apply-steps.ts src/cgroup/apply/limits-in-force.ts
 * src/cgroup/cgroupfs/cpuset.ts src/cgroup/cgroupfs/enable-controllers.ts
 * src/cgroup/cgroupfs/existing-cgroup.ts
 */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import { cgroupView } from '../../../../src/cgroup/cgroup-view.ts';
import type { CgroupLayout } from '../../../../src/cgroup/layout/cgroup-layout.ts';
import { newCgroup } from '../../../../src/cgroup/new-cgroup.ts';
import { openCgroup } from '../../../../src/cgroup/open-cgroup.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { Failure } from '../../../../src/failure.ts';
import { pauses } from '../../waits.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('cgroupfs');

const v1: CgroupLayout = {
  mode: 'v1',
  hierarchies: [
    { controllers: ['memory'], mount: '/sys/fs/cgroup/memory', own: '/' },
    { controllers: ['cpu', 'cpuacct'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/' },
    { controllers: ['cpuset'], mount: '/sys/fs/cgroup/cpuset', own: '/' },
    { controllers: ['devices'], mount: '/sys/fs/cgroup/devices', own: '/' },
    { controllers: ['name=systemd'], mount: '/sys/fs/cgroup/systemd', own: '/' },
  ],
  unified: undefined,
};
const v2: CgroupLayout = {
  mode: 'v2',
  hierarchies: [],
  unified: { controllers: ['cpu', 'memory'], mount: '/sys/fs/cgroup', own: '/' },
};

const files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  memory: { 'memory.limit_in_bytes': '9223372036854771712\n', 'memory.swappiness': '60\n' },
  'cpu,cpuacct': { 'cpu.shares': '1024\n' },
  cpuset: { 'cpuset.cpus': '\n', 'cpuset.mems': '\n' },
  devices: { 'devices.allow': '', 'devices.deny': '', 'devices.list': 'a *:* rwm\n' },
};

function fakeV1(): FakeFiles {
  const fake = new FakeFiles();
  for (const { mount } of v1.hierarchies) fake.add(mount);
  fake.add('/sys/fs/cgroup/cpuset', { 'cpuset.cpus': '0-7\n', 'cpuset.mems': '0\n' });
  fake.template = (directory) => ({ 'cgroup.procs': '', ...files[directory.split('/')[4] ?? ''] });
  return fake;
}

const open = (fake: FakeFiles, layout: CgroupLayout, path = '/pod/web', rootless = false): Cgroup =>
  newCgroup({ native: fake.native(), wait: pauses, surroundings: {} }, layout, {
    id: 'web',
    cgroupsPath: path,
    manager: 'cgroupfs' as const,
    rootless,
  });

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      return error;
    },
  );

test('create() makes parents, and hands cpuset down', async () => {
  const fake = fakeV1();
  await open(fake, v1).create();
  const made = fake.journal.filter((line) => line.startsWith('mkdir'));
  assert.deepEqual(
    made,
    v1.hierarchies.flatMap(({ mount }) => [`mkdir ${mount}/pod`, `mkdir ${mount}/pod/web`]),
  );
  assert.equal(fake.files.get('/sys/fs/cgroup/cpuset/pod/web/cpuset.cpus'), '0-7');
  assert.equal(fake.files.get('/sys/fs/cgroup/cpuset/pod/cpuset.mems'), '0');
});

test('create() fills an empty cpuset parent that somebody else made', async () => {
  const fake = fakeV1();
  fake.add('/sys/fs/cgroup/cpuset/pod', { 'cpuset.cpus': '\n', 'cpuset.mems': '\n', 'cgroup.procs': '' });
  await open(fake, v1).create();
  assert.equal(fake.files.get('/sys/fs/cgroup/cpuset/pod/cpuset.cpus'), '0-7');
  assert.equal(fake.files.get('/sys/fs/cgroup/cpuset/pod/web/cpuset.cpus'), '0-7');
});

test('create() that fails leaves nothing', async () => {
  const fake = fakeV1();
  const before = new Set(fake.directories);
  fake.refuse = (action) => (action === 'mkdir /sys/fs/cgroup/devices/pod/web' ? 'ENOSPC' : undefined);
  const error = await failure(open(fake, v1).create());
  assert.equal(error.errno, 'ENOSPC');
  assert.match(error.message, /\/sys\/fs\/cgroup\/devices\/pod\/web/);
  assert.deepEqual(fake.directories, before);
});

test('create() without permission fails for root, with what to do', async () => {
  const fake = fakeV1();
  fake.refuse = (action) => (action.startsWith('mkdir') ? 'EACCES' : undefined);
  const error = await failure(open(fake, v1).create());
  assert.equal(error.errno, 'EACCES');
  assert.match(error.hint ?? '', /root/);
});

test('rootless: without permission there is no cgroup, and a warning', async () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS']) {
    const fake = fakeV1();
    fake.refuse = (action) => (action.startsWith('mkdir') ? code : undefined);
    const cgroup = open(fake, v1, '/pod/web', true);
    await cgroup.create();
    await cgroup.apply({ devices: [{ allow: false }] });
    assert.deepEqual(cgroup.saved.hierarchies, []);
    assert.deepEqual(cgroup.joinPaths(), []);
    assert.deepEqual(cgroup.processes(), []);
    assert.equal(cgroup.frozen(), false);
    assert.equal(cgroupView(v1, cgroup).mode, 'none');
    assert.equal(cgroup.warnings.length, 2);
    await cgroup.delete();
    assert.equal((await failure(cgroup.freeze())).code, 'unsupported');
  }
});

test('rootless: a limit that cannot be set is refused by name', async () => {
  const fake = fakeV1();
  fake.refuse = (action) => (/^mkdir .*(memory|devices|cpuset)/.test(action) ? 'EACCES' : undefined);
  const cgroup = open(fake, v1, '/pod/web', true);
  await cgroup.create();
  assert.deepEqual(
    cgroup.saved.hierarchies.map(({ controllers }) => controllers.join()),
    ['cpu,cpuacct', 'name=systemd'],
  );
  const error = await failure(cgroup.apply({ cpu: { shares: 5 }, memory: { limit: 5 } }));
  assert.equal(error.pointer, '/linux/resources/memory/limit');
  assert.equal(error.code, 'unsupported');
  assert.ok(!fake.directories.has('/sys/fs/cgroup/cpu,cpuacct/pod'), 'what was made is gone');
});

test('apply() writes in the order of the plan, and closes what it opens', async () => {
  const fake = fakeV1();
  const cgroup = open(fake, v1);
  await cgroup.create();
  await cgroup.apply({ memory: { limit: 5 }, cpu: { shares: 7 } });
  const writes = fake.journal.filter(
    (line) => /^write .*(devices|memory|cpu)\./.test(line) && !line.includes('cpuset'),
  );
  assert.equal(writes[0], 'write /sys/fs/cgroup/devices/pod/web/devices.deny a');
  assert.deepEqual(writes.slice(-2), [
    'write /sys/fs/cgroup/cpu,cpuacct/pod/web/cpu.shares 7',
    'write /sys/fs/cgroup/memory/pod/web/memory.limit_in_bytes 5',
  ]);
  assert.equal(fake.openDescriptors, 0);
});

test('apply() that fails removes what create() made, keeps what was there, and tells of what did not go', async () => {
  const fake = fakeV1();
  fake.add('/sys/fs/cgroup/memory/pod');
  fake.refuse = (action) =>
    action.includes('memory.limit')
      ? 'EBUSY'
      : action === 'rmdir /sys/fs/cgroup/devices/pod'
        ? 'EIO'
        : undefined;
  const cgroup = open(fake, v1);
  await cgroup.create();
  const error = await failure(cgroup.apply({ memory: { limit: 5 } }));
  assert.match(
    error.message,
    /\/linux\/resources\/memory\/limit.*"5".*memory\.limit_in_bytes.*already uses more/,
  );
  assert.ok(fake.directories.has('/sys/fs/cgroup/memory/pod'));
  assert.ok(!fake.directories.has('/sys/fs/cgroup/memory/pod/web'));
  assert.equal(error.cleanup.length, 1);
  assert.equal(fake.openDescriptors, 0);
});

test('update() puts every value back when one is refused', async () => {
  const fake = fakeV1();
  const cgroup = open(fake, v1);
  await cgroup.create();
  await cgroup.apply({ cpu: { shares: 7 } });
  fake.refuse = (action) => (action.includes('swappiness') ? 'EINVAL' : undefined);
  const error = await failure(cgroup.update({ cpu: { shares: 9 }, memory: { limit: 5, swappiness: 3 } }, ''));
  assert.equal(error.pointer, '/memory/swappiness');
  assert.deepEqual(error.cleanup, []);
  assert.equal(fake.files.get('/sys/fs/cgroup/cpu,cpuacct/pod/web/cpu.shares'), '7');
  assert.equal(fake.files.get('/sys/fs/cgroup/memory/pod/web/memory.limit_in_bytes'), '9223372036854771712');
  assert.deepEqual(
    fake.journal.slice(-2).map((line) => line.split(' ')[2]),
    ['9223372036854771712', '7'],
  );
});

test('apply() on v2 hands controllers down, whatever one of them says', async () => {
  const fake = new FakeFiles();
  const control = { 'cgroup.subtree_control': '', 'cgroup.procs': '', 'cgroup.freeze': '0\n' };
  fake.add('/sys/fs/cgroup', { ...control, 'cgroup.controllers': 'cpu memory pids\n' });
  fake.template = () => control;
  fake.refuse = (action) => (/subtree_control .*\+cpu/.test(action) ? 'EINVAL' : undefined);
  const cgroup = open(fake, v2);
  await cgroup.create();
  await cgroup.apply({ devices: [{ allow: true, access: 'rwm' }] });
  const control2 = (path: string) =>
    fake.journal
      .filter((line) => line.startsWith(`write ${path}/cgroup.subtree_control`))
      .map((line) => line.split(' ')[2]);
  for (const path of ['/sys/fs/cgroup', '/sys/fs/cgroup/pod'])
    assert.deepEqual(control2(path), ['+memory', '+pids']);
  assert.deepEqual(control2('/sys/fs/cgroup/pod/web'), []);
  assert.equal(cgroup.unifiedDirectory(), '/sys/fs/cgroup/pod/web');
  assert.deepEqual(cgroup.joinPaths(), []);
});

test('create() refuses a cgroup that is in use or frozen', async () => {
  for (const [content, says] of [
    [{ 'cgroup.procs': '4711\n', 'cgroup.freeze': '0\n' }, /not empty/],
    [{ 'cgroup.procs': '', 'cgroup.freeze': '1\n' }, /frozen/],
  ] as const) {
    const fake = new FakeFiles();
    fake.add('/sys/fs/cgroup', { 'cgroup.subtree_control': '', 'cgroup.controllers': '' });
    fake.add('/sys/fs/cgroup/pod/web', content);
    const cgroup = open(fake, v2);
    for (const attempt of [cgroup.create(), (async () => cgroup.checkUnused())()]) {
      const error = await failure(attempt);
      assert.equal(error.code, 'status');
      assert.match(error.message, says);
    }
    assert.ok(fake.directories.has('/sys/fs/cgroup/pod/web'), 'it was not ours to remove');
  }
});

test('checkUnused() makes nothing, and is content with nothing and with an empty cgroup', () => {
  const fake = fakeV1();
  open(fake, v1).checkUnused();
  fake.add('/sys/fs/cgroup/memory/pod/web', { 'cgroup.procs': '' });
  open(fake, v1).checkUnused();
  assert.deepEqual(fake.journal, []);
});

test('a cgroup that is gone has nobody, is not frozen, and can be thawed, killed and deleted', async () => {
  const cgroup = open(fakeV1(), {
    ...v1,
    hierarchies: [{ controllers: ['freezer'], mount: '/gone', own: '/' }],
  });
  assert.deepEqual(cgroup.processes(), []);
  assert.equal(cgroup.frozen(), false);
  await cgroup.thaw();
  assert.equal(await cgroup.killAll(9), 0);
  await cgroup.delete();
});

test('cgroupView() names the hierarchies and their links', () => {
  const view = cgroupView(v1, open(fakeV1(), v1));
  assert.equal(view.mode, 'v1');
  assert.deepEqual(view.hierarchies[1], {
    name: 'cpu,cpuacct',
    options: ['cpu', 'cpuacct'],
    directory: '/sys/fs/cgroup/cpu,cpuacct/pod/web',
  });
  assert.deepEqual(view.hierarchies[4]?.options, ['none', 'name=systemd']);
  assert.deepEqual(view.links, [
    { name: 'cpu', target: 'cpu,cpuacct' },
    { name: 'cpuacct', target: 'cpu,cpuacct' },
  ]);
  assert.equal(view.join[0], '/sys/fs/cgroup/memory/pod/web/tasks');
});

test('sub() takes controllers one by one', () => {
  const fake = fakeV1();
  const saved: SavedCgroup = open(fake, v1).saved;
  const cgroup = openCgroup({ native: fake.native(), wait: pauses, surroundings: {} }, saved);
  fake.add('/sys/fs/cgroup/memory/pod/web/workers');
  assert.deepEqual(cgroup.sub({ memory: 'workers' }).joinPaths().slice(0, 2), [
    '/sys/fs/cgroup/memory/pod/web/workers/tasks',
    '/sys/fs/cgroup/cpu,cpuacct/pod/web/tasks',
  ]);
});

test('placeOf() finds the sub-cgroup of a process through mounts and namespaces', () => {
  const fake = fakeV1();
  const cgroup = open(fake, v2, '/pod/web');
  fake.add('/sys/fs/cgroup/pod/web/init/web');
  for (const [own, expected] of [
    ['/pod/web/init/web', '/sys/fs/cgroup/pod/web/init/web'],
    ['/pod/web', '/sys/fs/cgroup/pod/web'],
    ['/pod/web/gone', '/sys/fs/cgroup/pod/web'],
    ['/elsewhere', '/sys/fs/cgroup/pod/web'],
  ] as const) {
    fake.add('/proc/7', { cgroup: `0::${own}\n` });
    assert.equal(cgroup.placeOf(7).unifiedDirectory(), expected);
  }
});

test('a scope of systemd has the same path in every hierarchy', () => {
  const request = { id: 'x', cgroupsPath: 'a-b.slice:cri:x', manager: 'systemd' as const, rootless: false };
  const as = (userId: number) => ({
    native: { ...fakeV1().native(), userId: () => userId },
    wait: pauses,
    surroundings: {},
  });
  const { saved } = newCgroup(as(0), v1, request);
  const path = '/a.slice/a-b.slice/cri-x.scope';
  assert.deepEqual(
    saved.hierarchies.map((each) => each.path),
    v1.hierarchies.map(({ mount }) => `${mount}${path}`),
  );
  assert.deepEqual(saved.scope, { unit: 'cri-x.scope', slice: 'a-b.slice', kind: 'system' });
  assert.throws(
    () => newCgroup(as(1000), v1, request),
    (error) => error instanceof Failure && error.code === 'unsupported' && /cgroup v1/.test(error.message),
  );
});

test.run();
