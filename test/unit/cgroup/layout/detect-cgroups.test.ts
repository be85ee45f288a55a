import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { detectCgroups, parseProcCgroup } from '../../../../src/cgroup/layout/detect-cgroups.ts';
import { Failure } from '../../../../src/failure.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('detectCgroups()');
const TMPFS = 0x01021994;
const CGROUP = 0x27e0eb;
const CGROUP2 = 0x63677270;

function machine(own: string, mounts: Readonly<Record<string, number>>): FakeFiles {
  const fake = new FakeFiles();
  fake.add('/proc/self', { cgroup: own });
  for (const [name, type] of Object.entries(mounts)) {
    const path = name === '' ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${name}`;
    fake.add(path, type === CGROUP2 ? { 'cgroup.controllers': 'cpu memory\n' } : {});
    fake.types.set(path, type);
  }
  return fake;
}

test('v2: one mount', () => {
  assert.deepEqual(detectCgroups(machine('0::/user.slice\n', { '': CGROUP2 }).native()), {
    mode: 'v2',
    hierarchies: [],
    unified: { controllers: ['cpu', 'memory'], mount: '/sys/fs/cgroup', own: '/user.slice' },
  });
});

test('v1: joint controllers under either name, named hierarchies, unmounted ones left out', () => {
  const own = '9:cpuset:/\n3:net_cls,net_prio:/n\n2:cpuacct,cpu:/a:b\n1:name=systemd:/s\n7:pids:/\n';
  const fake = machine(own, {
    '': TMPFS,
    'cpu,cpuacct': CGROUP,
    net_cls: CGROUP,
    systemd: CGROUP,
    cpuset: CGROUP,
    pids: TMPFS,
  });
  assert.deepEqual(detectCgroups(fake.native()), {
    mode: 'v1',
    hierarchies: [
      { controllers: ['cpuset'], mount: '/sys/fs/cgroup/cpuset', own: '/' },
      { controllers: ['net_cls', 'net_prio'], mount: '/sys/fs/cgroup/net_cls', own: '/n' },
      { controllers: ['cpuacct', 'cpu'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/a:b' },
      { controllers: ['name=systemd'], mount: '/sys/fs/cgroup/systemd', own: '/s' },
    ],
    unified: undefined,
  });
});

test('hybrid: v1 and a cgroup2 mount beside it', () => {
  const layout = detectCgroups(
    machine('2:pids:/\n0::/x\n', { '': TMPFS, pids: CGROUP, unified: CGROUP2 }).native(),
  );
  assert.equal(layout.mode, 'hybrid');
  assert.deepEqual(layout.unified, {
    controllers: ['cpu', 'memory'],
    mount: '/sys/fs/cgroup/unified',
    own: '/x',
  });
});

test('a directory named unified alone does not make a hybrid', () => {
  assert.equal(
    detectCgroups(machine('2:pids:/\n', { '': TMPFS, pids: CGROUP, unified: TMPFS }).native()).mode,
    'v1',
  );
});

test('nothing mounted is said clearly', () => {
  for (const fake of [machine('0::/\n', {}), machine('0::/\n', { '': TMPFS })])
    assert.throws(
      () => detectCgroups(fake.native()),
      (error) => error instanceof Failure && error.code === 'unsupported',
    );
});

test('parseProcCgroup() keeps colons in paths and skips what it does not know', () => {
  assert.deepEqual(parseProcCgroup('0::/a:b\n\nnonsense\n12:a,b:/\n'), [
    { controllers: [], path: '/a:b' },
    { controllers: ['a', 'b'], path: '/' },
  ]);
});

test.run();
