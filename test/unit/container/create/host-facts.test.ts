/** Tests also: src/host/in-user-namespace.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { findKernelViews, gatherFacts, hasAppArmor } from '../../../../src/container/create/host-facts.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('host-facts');

const cgroups = {
  mode: 'none',
  hierarchies: [],
  links: [],
  unified: undefined,
  join: [],
  made: 'before',
} as const;
const enabled = '/sys/module/apparmor/parameters/enabled';
const enforce = '/sys/fs/selinux/enforce';
const initial = '         0          0 4294967295\n';

/** A machine with these files, on which `uid` calls. */
function machine(files: Readonly<Record<string, string>> = {}, uid = 0) {
  return fakeHost({
    userId: () => uid,
    permittedCapabilities: () => 5n,
    readText: (path) => {
      const text = { '/proc/self/uid_map': initial, ...files }[path];
      if (text === undefined) throw systemError('ENOENT', path);
      if (text.startsWith('!')) throw systemError(text.slice(1), path);
      return text;
    },
    status: (path) => (path in files ? ({ mode: 0o100644 } as FileStatus) : undefined),
  });
}

const labelled = (process: object, linux: object = {}): Pick<Config, 'process' | 'linux'> => ({
  process: { cwd: '/', ...process },
  linux,
});
const facts = (host: ReturnType<typeof machine>, config: Pick<Config, 'process' | 'linux'> = {}) =>
  gatherFacts(host, cgroups, ['/t'], config);

test('root of the machine makes devices; root of a user namespace and an ordinary user do not', () => {
  const { rootless, makesDevices, capabilities, resctrlTasks } = facts(machine());
  assert.deepEqual([rootless, makesDevices, capabilities, resctrlTasks], [false, true, 5n, ['/t']]);
  const inside = facts(machine({ '/proc/self/uid_map': '         0       1000          1\n' }));
  assert.deepEqual([inside.rootless, inside.makesDevices], [false, false]);
  const without = facts(machine({ '/proc/self/uid_map': '!ENOENT' }));
  assert.deepEqual(
    [without.rootless, without.makesDevices],
    [false, true],
    'a kernel without CONFIG_USER_NS',
  );
  assert.throws(() => facts(machine({ '/proc/self/uid_map': '!EACCES' })), /EACCES/);
  const ordinary = facts(machine({}, 1000));
  assert.deepEqual([ordinary.rootless, ordinary.makesDevices], [true, false]);
});

test('labels that the machine can give', () => {
  const both = machine({ [enabled]: 'Y\n', [enforce]: '1' });
  const with_ = facts(both, labelled({ apparmorProfile: 'p', selinuxLabel: 'l' }));
  assert.deepEqual([with_.apparmor, with_.selinux], [true, true]);
  const none = facts(both, labelled({ apparmorProfile: '', selinuxLabel: '' }));
  assert.deepEqual([none.apparmor, none.selinux], [false, false], 'nobody asks');
});

test('refuses a label that the machine cannot give, at its place', () => {
  for (const state of ['N\n', '!EACCES'])
    assertRefused(
      () => facts(machine({ [enabled]: state }), labelled({ apparmorProfile: 'p' })),
      'unsupported',
      '/process/apparmorProfile',
      /AppArmor profile "p": AppArmor is not in force/,
    );
  assertRefused(
    () => facts(machine(), labelled({ selinuxLabel: 'l' }, { mountLabel: 'm' })),
    'unsupported',
    '/process/selinuxLabel',
    /SELinux label "l"/,
  );
  assertRefused(
    () => facts(machine(), labelled({}, { mountLabel: 'm' })),
    'unsupported',
    '/linux/mountLabel',
    /SELinux label "m"/,
  );
});

test('to be confined by nothing is had on every machine', () => {
  assert.equal(facts(machine(), labelled({ apparmorProfile: 'unconfined' })).apparmor, false);
});

test('a file that cannot be read for another reason is no answer', () => {
  assert.throws(() => hasAppArmor(machine({ [enabled]: '!EIO' }).native), /EIO/);
});

test('findKernelViews() gives whole procfs and sysfs mounts, the deepest first', () => {
  const line = (root: string, target: string, type: string) =>
    `1 0 0:1 ${root} ${target} rw - ${type} none rw`;
  const table = [
    line('/', '/', 'ext4'),
    line('/', '/proc', 'proc'),
    line('/sys', '/chroot/proc/sys', 'proc'),
    line('/', '/chroot/sys', 'sysfs'),
    line('/', '/sys', 'sysfs'),
    line('/', '/sys/fs/cgroup', 'cgroup2'),
  ];
  const { native } = machine({ '/proc/self/mountinfo': `${table.join('\n')}\n` });
  assert.deepEqual(findKernelViews(native), ['/chroot/sys', '/proc', '/sys']);
});

test.run();
