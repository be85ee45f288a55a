/** `doctor`: each check says no on a machine where it must, and yes where nothing is in the way. */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type Diagnosis, doctorChecks, examine, type Machine, worst } from '../../../src/doctor/mod.ts';
import { parseMountTable } from '../../../src/host/mount-table.ts';
import type { FileStatus } from '../../../src/host/native.ts';

const test = suite('doctor');

const all = (1n << 41n) - 1n;
const directory = 0o040755;
const setUserId = 0o104755;

function statusOf(mode: number, uid = 0): FileStatus {
  return { mode, uid, gid: 0, size: 0, major: 0, minor: 0, dev: 0, ino: 0 };
}

const mountinfo = (...lines: string[]): string =>
  lines.map((line, index) => `${20 + index} 1 0:${index} / ${line}\n`).join('');
const plain = mountinfo(
  '/ rw,relatime shared:1 - ext4 /dev/vda rw',
  '/proc rw shared:2 - proc proc rw',
  '/sys/fs/cgroup rw shared:3 - cgroup2 cgroup2 rw',
);

/** Files are texts; a program is there when it has a status. */
interface Sketch extends Partial<Omit<Machine, 'read' | 'status' | 'names' | 'find'>> {
  readonly texts?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, FileStatus | undefined>>;
  readonly programs?: readonly string[];
}

/** A machine on which everything is as it should be, but for what a test changes. */
function machine({ texts, files, programs, ...more }: Sketch = {}): Machine {
  const read: Readonly<Record<string, string | undefined>> = {
    '/proc/self/mountinfo': plain,
    '/proc/sys/kernel/seccomp/actions_avail': 'kill_process allow\n',
    '/sys/module/apparmor/parameters/enabled': 'Y\n',
    '/sys/kernel/security/lsm': 'apparmor',
    '/etc/subuid': 'web:100000:65536\n',
    '/etc/subgid': '1000:100000:65536\n',
    '/proc/sys/vm/memfd_noexec': '0\n',
    '/sys/fs/cgroup/user/cgroup.controllers': 'cpu cpuset io memory pids\n',
    ...texts,
  };
  const there: Readonly<Record<string, FileStatus | undefined>> = {
    '/run': statusOf(directory),
    '/run/user/1000': statusOf(0o040700, 1000),
    '/run/systemd/system': statusOf(directory),
    '/': statusOf(directory),
    '/usr/bin/newuidmap': statusOf(setUserId),
    '/usr/bin/newgidmap': statusOf(setUserId),
    '/usr/sbin/criu': statusOf(0o100755),
    '/sys/fs/cgroup/user': statusOf(directory, 1000),
    ...files,
  };
  const bins = programs ?? ['/usr/bin/newuidmap', '/usr/bin/newgidmap', '/usr/sbin/criu'];
  return {
    uid: 0,
    user: 'root',
    nested: false,
    capabilities: all,
    release: '6.18.0',
    surroundings: { HOME: '/root' },
    read: (path) => read[path],
    status: (path) => there[path],
    mounts: () => parseMountTable(read['/proc/self/mountinfo'] ?? ''),
    names: (path) =>
      Object.keys(read)
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1)),
    find: (program) => bins.find((path) => path.endsWith(`/${program}`)),
    makesUserNamespaces: async () => true,
    seccompLibrary: async () => '2.5.4',
    busProblem: async () => undefined,
    cgroups: () => ({
      mode: 'v2',
      hierarchies: [],
      unified: {
        controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
        mount: '/sys/fs/cgroup',
        own: '/user',
      },
    }),
    ...more,
  };
}

const ordinary = {
  uid: 1000,
  user: 'web',
  surroundings: { XDG_RUNTIME_DIR: '/run/user/1000', HOME: '/home/web' },
};
const v1 = {
  mode: 'v1' as const,
  hierarchies: [{ controllers: ['memory'], mount: '/sys/fs/cgroup/memory', own: '/' }],
  unified: undefined,
};

async function bad(sketch: Sketch): Promise<Diagnosis[]> {
  return (await examine(machine(sketch))).filter(({ verdict }) => verdict !== 'ok');
}

test('nothing is in the way of root, nor of an ordinary user, where all is as it should be', async () => {
  assert.deepEqual(await bad({}), []);
  assert.deepEqual(
    (await bad(ordinary)).map(({ check, verdict }) => `${verdict} ${check}`),
    ['note criu'],
  );
});

/** What is wrong with a machine, and what is said of it: verdict, check, a part of the words. */
const rows: Readonly<Record<string, readonly [Sketch, string, RegExp]>> = {
  'an old kernel': [{ release: '5.10.0-23-amd64' }, 'problem kernel', /5\.10\.0.*5\.14/],
  'a kernel that is not the newest': [{ release: '6.1.0' }, 'note kernel', /idmapped tmpfs/],
  'no CAP_SYS_ADMIN': [{ capabilities: all & ~(1n << 21n) }, 'problem capabilities', /no CAP_SYS_ADMIN/],
  'no CAP_SYS_RESOURCE': [
    { capabilities: all & ~(1n << 24n) },
    'warning capabilities',
    /no CAP_SYS_RESOURCE/,
  ],
  'no cgroups': [{ cgroups: () => undefined }, 'problem cgroups', /no cgroups at/],
  'cgroup v1': [{ cgroups: () => v1 }, 'note cgroups', /v1/],
  'a controller is missing': [
    { cgroups: () => v1 },
    'warning cgroups',
    /no controller for cpu, cpuset, io, pids/,
  ],
  'cgroups that are mounted read-only': [
    { texts: { '/proc/self/mountinfo': plain.replace('/sys/fs/cgroup rw', '/sys/fs/cgroup ro') } },
    'problem cgroups',
    /\/sys\/fs\/cgroup cannot be written.*remount,rw/,
  ],
  'cgroups of an ordinary user with v1': [
    { ...ordinary, cgroups: () => v1 },
    'warning cgroups',
    /ordinary users/,
  ],
  'a cgroup that is root’s': [
    { ...ordinary, files: { '/sys/fs/cgroup/user': statusOf(directory) } },
    'warning cgroups',
    /is not this user's/,
  ],
  'controllers that are not delegated': [
    { ...ordinary, texts: { '/sys/fs/cgroup/user/cgroup.controllers': 'memory pids\n' } },
    'warning cgroups',
    /not delegated: cpu, cpuset, io.*Delegate=/,
  ],
  'no user namespaces': [
    {
      ...ordinary,
      texts: { '/proc/sys/user/max_user_namespaces': '0\n' },
      makesUserNamespaces: async () => false,
    },
    'problem user-namespaces',
    /max_user_namespaces is 0/,
  ],
  'Debian’s switch': [
    {
      ...ordinary,
      texts: { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' },
      makesUserNamespaces: async () => false,
    },
    'problem user-namespaces',
    /unprivileged_userns_clone is 0/,
  ],
  'AppArmor’s switch': [
    { ...ordinary, texts: { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' } },
    'problem user-namespaces',
    /apparmor_restrict/,
  ],
  'user namespaces that fail for no reason that is known': [
    { makesUserNamespaces: async () => false },
    'warning user-namespaces',
    /could not be made/,
  ],
  'user namespaces that nobody could try': [
    { makesUserNamespaces: async () => undefined },
    'note user-namespaces',
    /not tried/,
  ],
  'no network namespaces': [
    { texts: { '/proc/sys/user/max_net_namespaces': '0\n' } },
    'problem user-namespaces',
    /max_net_namespaces is 0/,
  ],
  'no subordinate ids': [
    { ...ordinary, texts: { '/etc/subuid': 'other:1:65536\n' } },
    'warning subordinate-ids',
    /none for web.*usermod/,
  ],
  'few subordinate ids': [
    { ...ordinary, texts: { '/etc/subgid': 'web:1:1000\n' } },
    'warning subordinate-ids',
    /1000 for web/,
  ],
  'no newuidmap': [
    { ...ordinary, programs: ['/usr/bin/newgidmap'] },
    'warning subordinate-ids',
    /newuidmap is not/,
  ],
  'newgidmap without its right': [
    { ...ordinary, files: { '/usr/bin/newgidmap': statusOf(0o100755) } },
    'note subordinate-ids',
    /not set-user-ID/,
  ],
  'no XDG_RUNTIME_DIR': [{ ...ordinary, surroundings: {} }, 'problem state-directory', /is not set/],
  'XDG_RUNTIME_DIR of somebody else': [
    { ...ordinary, files: { '/run/user/1000': statusOf(0o040700, 2000) } },
    'problem state-directory',
    /belongs to user 2000/,
  ],
  'a state directory that all can write': [
    { files: { '/run': statusOf(0o040777) } },
    'warning state-directory',
    /written by others/,
  ],
  'a masked /proc in a user namespace': [
    {
      nested: true,
      texts: { '/proc/self/mountinfo': `${plain}${mountinfo('/proc/kcore ro - tmpfs t rw')}` },
    },
    'warning proc',
    /mounted over: \/proc\/kcore/,
  ],
  'memory files without programs, for root': [
    { texts: { '/proc/sys/vm/memfd_noexec': '2\n' } },
    'note memory-files',
    /is 2/,
  ],
  'the same for an ordinary user': [
    { ...ordinary, texts: { '/proc/sys/vm/memfd_noexec': '2\n' } },
    'problem memory-files',
    /is 2.*=1/,
  ],
  'a kernel without seccomp': [
    { texts: { '/proc/sys/kernel/seccomp/actions_avail': undefined } },
    'problem seccomp',
    /CONFIG_SECCOMP/,
  ],
  'no libseccomp': [{ seccompLibrary: async () => undefined }, 'warning seccomp', /libseccomp2/],
  'no security module': [
    { texts: { '/sys/module/apparmor/parameters/enabled': 'N\n' } },
    'note security-modules',
    /neither/,
  ],
  'AppArmor without its files': [
    { texts: { '/sys/kernel/security/lsm': undefined }, names: () => [] } as Sketch,
    'warning security-modules',
    /securityfs/,
  ],
  'SELinux that only talks': [
    { texts: { '/sys/fs/selinux/enforce': '0\n' } },
    'warning security-modules',
    /permissive/,
  ],
  'a filesystem that cannot be idmapped': [
    { texts: { '/proc/self/mountinfo': plain.replace('ext4', 'nfs4') } },
    'note idmapped-mounts',
    /nfs4 at \//,
  ],
  'a filesystem that a later kernel can idmap': [
    { release: '6.1.0', texts: { '/proc/self/mountinfo': plain.replace('ext4', 'tmpfs') } },
    'note idmapped-mounts',
    /since Linux 6\.3/,
  ],
  'no systemd': [{ files: { '/run/systemd/system': undefined } }, 'note systemd', /does not run/],
  'systemd that does not answer': [
    { busProblem: async () => 'connect: ENOENT' },
    'warning systemd',
    /ENOENT.*dbus/,
  ],
  'no CRIU': [{ programs: [] }, 'note criu', /apt-get install criu/],
  'Docker that does not know tsoci': [
    { programs: ['/usr/sbin/criu', '/usr/sbin/dockerd'] },
    'note engines',
    /Docker does not know/,
  ],
  'Podman that is told of it in a comment only': [
    {
      programs: ['/usr/sbin/criu', '/usr/bin/podman'],
      texts: { '/etc/containers/containers.conf': '[engine]\n  # tsoci\n' },
    },
    'note engines',
    /Podman does not know/,
  ],
};

for (const [what, [sketch, expected, words]] of Object.entries(rows))
  test(what, async () => {
    const found = await bad(sketch);
    const texts = found
      .filter(({ check, verdict }) => `${verdict} ${check}` === expected)
      .map((each) => `${each.found}: ${each.means} → ${each.mend ?? ''}`);
    assert.ok(
      texts.some((text) => words.test(text)),
      JSON.stringify(found, null, 1),
    );
    for (const { verdict, mend } of found)
      if (verdict === 'warning' || verdict === 'problem') assert.ok(mend, 'says what mends it');
  });

test('an engine that knows tsoci, in a file of its directory of configurations', async () => {
  const found = await examine(
    machine({
      programs: ['/usr/bin/crio'],
      texts: { '/etc/crio/crio.conf.d/50-tsoci.conf': '[crio.runtime.runtimes.tsoci]\n' },
    }),
  );
  assert.ok(found.some(({ verdict, check }) => verdict === 'ok' && check === 'engines'));
});

test('every check has a machine here where it says no', () => {
  const tried = new Set(Object.values(rows).map(([, expected]) => expected.split(' ')[1]));
  assert.deepEqual(
    doctorChecks.map(({ name }) => name).filter((name) => !tried.has(name)),
    [],
  );
});

test('the worst counts', async () => {
  assert.equal(worst(await examine(machine())), 'ok');
  assert.equal(worst(await examine(machine({ release: '6.1.0' }))), 'note');
  assert.equal(worst(await examine(machine({ release: '4.4.0' }))), 'problem');
});

test.run();
