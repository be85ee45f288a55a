/** Mounts: what is asked for, what is refused, and what hides things. */

import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Operation } from '../../src/plan/operations.ts';
import { NO_SLOT } from '../../src/plan/operations.ts';
import { failWith, ownRoot, shell, step, succeed } from './support/stub.ts';
import { bind, device, S_IFCHR, stubSuiteWithRoot, tmpfs } from './support/stub-suite.ts';

let root = '';
let outside = '';

const { test, bench, inside } = stubSuiteWithRoot('the stub: mounts', (places) => {
  ({ root, outside } = places);
});

const S_IFBLK = 0o060000;

test('mount options that a file system refuses are named, with what it says', () => {
  failWith(inside([tmpfs('/t', { options: ['size=1x'] })]), 22, /option "size=1x".*(size|Bad value)/);
  failWith(inside([tmpfs('/t', { options: ['nonsense'] })]), 22, /option "nonsense".*[Uu]nknown parameter/);
  failWith(inside([tmpfs('/t', { type: 'nosuchfs' })]), 19, /no file system "nosuchfs"/);
});

test('attributes and options of a mount are as asked', () => {
  const RDONLY = 1;
  const NOEXEC = 8;
  const output = succeed(
    inside(
      [tmpfs('/t', { options: ['size=64k', 'mode=711'], attributes: NOEXEC })],
      `grep ${root}/t /proc/mounts`,
    ),
  );
  assert.match(output, /rw,noexec,relatime,size=64k,mode=711/);
  const bound = succeed(inside(bind(outside, '/b', { set: RDONLY }), `grep ${root}/b /proc/self/mountinfo`));
  assert.match(bound, / ro,/);
});

test('strictatime and noatime replace what was there', () => {
  const NOATIME = 0x10;
  const STRICTATIME = 0x20;
  const one = succeed(inside(bind(outside, '/b', { set: NOATIME }), `grep ${root}/b /proc/mounts`));
  assert.match(one, /noatime/);
  const other = succeed(inside(bind(outside, '/b', { set: STRICTATIME }), `grep ${root}/b /proc/mounts`));
  assert.doesNotMatch(other, /relatime|noatime/);
});

test('remount changes a mount, and only a mount', () => {
  const remount = (target: string, options: string[] = []) =>
    step('rootfs', 'remount', {
      mount: NO_SLOT,
      root: 0,
      target,
      set: 1,
      clear: 0,
      recursive: false,
      options,
      propagation: 0,
      propagationRecursive: false,
    });
  mkdirSync(join(root, 'plain'));
  failWith(inside([remount('/plain')]), 22, /nothing is mounted/);
  const output = succeed(inside([tmpfs('/t'), remount('/t', ['size=128k'])], `grep ${root}/t /proc/mounts`));
  assert.match(output, /ro,relatime,size=128k/);
});

test('overlay takes more directories than fsconfig takes bytes', () => {
  const lower = Array.from({ length: 12 }, (_, index) =>
    join(bench.directory, `lower-${index}-${'x'.repeat(60)}`),
  );
  for (const path of lower) mkdirSync(path, { recursive: true });
  writeFileSync(join(lower[7] ?? '', 'seven'), '7');
  const output = succeed(
    inside(
      [
        tmpfs('/o', {
          type: 'overlay',
          source: 'overlay',
          options: [`lowerdir=${lower.join(':')}`],
          attributes: 8,
        }),
      ],
      `cat ${root}/o/seven; grep ${root}/o /proc/mounts`,
    ),
  );
  assert.match(output, /^7/);
  assert.match(output, /noexec/);
});

test('a tree is mapped by a user namespace of its own maps', () => {
  writeFileSync(join(outside, 'file'), '');
  const map = '0 100000 65536\n';
  const outcome = bench.run({
    operations: [
      step('prepare', 'open-proc', { slot: 2, processes: true }),
      step('prepare', 'open-tree', { slot: 1, path: outside, recursive: false, noFollow: false }),
      step('prepare', 'make-user-namespace', { slot: 3, proc: 2, uidMap: map, gidMap: map }),
      step('prepare', 'map-tree', { tree: 1, namespace: 3, recursive: false }),
      ...ownRoot(root, 0),
      ...bind('', '/mapped').slice(1),
      ...shell(`stat -c '%u %g' ${root}/mapped/file`),
    ],
    slots: 4,
  });
  assert.equal(succeed(outcome), '100000 100000\n');
});

test('tmpcopyup brings what the directory had, and follows nothing', () => {
  const source = join(root, 'data');
  mkdirSync(join(source, 'sub/deep'), { recursive: true });
  writeFileSync(join(source, 'file'), 'x'.repeat(100_000), { mode: 0o640 });
  writeFileSync(join(source, 'sub/deep/f'), 'deep');
  symlinkSync('/etc/shadow', join(source, 'link'));
  const output = succeed(
    inside(
      [device('/data/null'), tmpfs('/data', { copyUp: true })],
      `cd ${root}/data && stat -c '%n %a %s %F' file null && readlink link && cat sub/deep/f`,
    ),
  );
  assert.deepEqual(output.trim().split('\n'), [
    'file 640 100000 regular file',
    'null 666 0 character special file',
    '/etc/shadow',
    'deep',
  ]);
});

test('tmpcopyup brings file capabilities and attributes of users along', () => {
  const source = join(root, 'data');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'file'), '', { mode: 0o755 });
  chownSync(join(source, 'file'), 5, 6);
  execFileSync('setcap', ['cap_net_raw,cap_chown+ep', join(source, 'file')]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'of the file', join(source, 'file')]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'of the directory', join(source, 'sub')]);
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(source, 'sub')]);
  const output = succeed(
    inside(
      [tmpfs('/data', { copyUp: true })],
      `cd ${root}/data && getcap file && stat -c %u:%g file && getfattr -d -m - sub file`,
    ),
  );
  assert.match(output, /^file cap_chown,cap_net_raw=ep\n5:6\n/);
  assert.doesNotMatch(output, /trusted/);
  // A tmpfs has attributes of users since Linux 6.6.
  if (Number(release().split('.')[0]) > 6 || /^6\.([6-9]|\d\d)/.test(release())) {
    assert.match(output, /# file: sub\nuser\.note="of the directory"\n/);
    assert.match(output, /# file: file\n.*user\.note="of the file"\n/s);
  }
});

test('a tmpfs that names no mode has that of the directory it covers', () => {
  mkdirSync(join(root, 'data'));
  chmodSync(join(root, 'data'), 0o1751);
  const script = `cd ${root} && stat -c '%a' data there new`;
  const mounts = [
    tmpfs('/data', { keepMode: true }),
    tmpfs('/there', { keepMode: true, options: [] }),
    tmpfs('/new', { keepMode: false, options: ['mode=700'] }),
  ];
  // What was not there before has no mode to keep: the kernel's own choice.
  assert.equal(succeed(inside(mounts, script)), '1751\n1777\n700\n');
});

test('tmpcopyup ends at a depth that only an attacker needs', () => {
  mkdirSync(join(root, `data/${'d/'.repeat(100)}`), { recursive: true });
  failWith(inside([tmpfs('/data', { copyUp: true })]), 40, /nested too deeply/);
});

test('a device that is not what it should be is refused', () => {
  const open = (path: string, type: number) =>
    step('prepare', 'open-device', { slot: 1, path, type, major: 1, minor: 3 });
  const run = (path: string, type = S_IFCHR) =>
    bench.run({
      operations: [open(path, type), step('prepare', 'close-slot', { slot: 1 }), ...shell('true')],
      slots: 2,
    });
  succeed(run('/dev/null'));
  failWith(run('/dev/null', S_IFBLK), 19, /not the device/);
  failWith(run('/dev/zero'), 19, /not the device/);
  failWith(run('/etc/passwd'), 19, /not the device/);
});

test('masks cover directories and files, several from one mount; what is missing is fine', () => {
  mkdirSync(join(root, 'secrets'));
  writeFileSync(join(root, 'secrets/key'), 'secret');
  writeFileSync(join(root, 'one'), 'secret');
  writeFileSync(join(root, 'two'), 'secret');
  const mask = (path: string) =>
    step('confine', 'mask', { path: join(root, path), null: 1, empty: 2, mount: NO_SLOT, inside: '' });
  const output = succeed(
    bench.run({
      operations: [
        step('prepare', 'open-device', { slot: 1, path: '/dev/null', type: S_IFCHR, major: 1, minor: 3 }),
        ...ownRoot(root, 0),
        step('confine', 'empty-tmpfs', { slot: 2, options: ['mode=755'] }),
        ...['secrets', 'one', 'two', 'missing', 'one/below'].map(mask),
        step('confine', 'readonly-path', { path: join(root, 'missing'), mount: NO_SLOT, inside: '' }),
        ...shell(`cd ${root}; ls -A secrets; cat one two; touch secrets/x 2>&1 || true`),
      ],
      slots: 3,
    }),
  );
  assert.doesNotMatch(output, /secret$/m);
  assert.match(output, /Read-only file system/);
});

test('sysctls and scores go to procfs and nowhere else', () => {
  const proc = step('prepare', 'open-proc', { slot: 0, processes: true });
  const sysctl = (path: string, value = 'x') => step('confine', 'sysctl', { proc: 0, path, value });
  const run = (...operations: Operation[]) =>
    bench.run({ operations: [proc, ...operations, ...shell('cat /proc/self/oom_score_adj')], slots: 1 });
  assert.equal(succeed(run(step('confine', 'oom-score', { proc: 0, value: 77 }))), '77\n');
  failWith(run(sysctl('self/root/etc/passwd')), 40, /self\/root\/etc\/passwd/);
  failWith(run(sysctl('../etc/passwd')), 18, /etc\/passwd/);
  failWith(run(sysctl('/etc/passwd')), 18, /etc\/passwd/);
  failWith(run(sysctl('sys/no/such')), 2, /sys\/no\/such/);
});

test('a place in an open mount is found from there, on top of what lies on it, links by their whole path, files as they are', () => {
  for (const name of ['m', 'moved', 'plain']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'file'), 'secret');
  writeFileSync(join(outside, 'file'), 'secret');
  const [empty, low, nothing] = [2, 3, 4];
  const mask = (path: string, mount: number, within: string) =>
    step('confine', 'mask', { path: join(root, path), null: nothing, empty, mount, inside: within });
  const directory = (path: string) =>
    step('rootfs', 'make-directory', { root: 0, path, mode: 0o755, uid: 0, gid: 0 });
  const output = succeed(
    bench.run({
      operations: [
        step('prepare', 'open-device', {
          slot: nothing,
          path: '/dev/null',
          type: S_IFCHR,
          major: 1,
          minor: 3,
        }),
        ...ownRoot(root, 0),
        tmpfs('/m', { handle: low }),
        directory('/m/dir'),
        tmpfs('/m'),
        directory('/m/dir'),
        directory('/m/dir/below'),
        step('rootfs', 'symlink', {
          root: 0,
          directory: NO_SLOT,
          path: '/m/link',
          target: 'dir',
          exact: false,
        }),
        ...bind(join(outside, 'file'), '/file'),
        step('confine', 'empty-tmpfs', { slot: empty, options: ['mode=755'] }),
        // The name is of nothing: the mount alone tells.
        mask('nothing', low, '../dir'),
        mask('nothing', low, '../missing'),
        mask('m/link/x', low, '../link/x'),
        mask('nothing', 1, '..'),
        step('confine', 'remount', {
          mount: low,
          root: NO_SLOT,
          target: '/nothing',
          set: 1,
          clear: 0,
          recursive: false,
          options: [],
          propagation: 0,
          propagationRecursive: false,
        }),
        ...shell(
          `cd ${root}; ls -A m/dir; cat file; touch m/still && grep -c '${root}/m tmpfs ro' /proc/mounts`,
        ),
      ],
      slots: 5,
    }),
  );
  assert.equal(output, '1\n');
});

test.run();
