/** Targets inside a hostile root (security.md): nothing outside is made, followed or mounted over. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Operation } from '../../src/plan/operations.ts';
import { type Bench, type Outcome, openBench, ownRoot, shell, step } from './support/stub.ts';

const test = suite('the stub: files and mounts inside the root');
let bench: Bench;
let root = '';
let outside = '';

test.before(() => {
  bench = openBench();
});
test.before.each(() => {
  root = join(bench.directory, 'root');
  outside = join(bench.directory, 'outside');
  for (const path of [root, outside]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  }
});
test.after(() => bench.remove());

const S_IFCHR = 0o020000;
const S_IFIFO = 0o010000;

function inside(operations: readonly Operation[], script = 'true', slots = 2): Outcome {
  return bench.run({ operations: [...ownRoot(root, 0), ...operations, ...shell(script)], slots });
}

function succeed(outcome: Outcome): string {
  assert.is(outcome.failure, undefined, JSON.stringify(outcome.failure));
  assert.is(outcome.code, 0, outcome.output);
  return outcome.output;
}

function failWith(outcome: Outcome, errno: number, text: RegExp): void {
  assert.is(outcome.failure?.errno, errno, JSON.stringify(outcome.failure));
  assert.match(outcome.failure?.text ?? '', text);
}

const directory = (path: string, mode = 0o755) =>
  step('rootfs', 'make-directory', { root: 0, path, mode, uid: 0, gid: 0 });
const tmpfs = (target: string, more: object = {}) =>
  step('rootfs', 'mount', {
    root: 0,
    target,
    type: 'tmpfs',
    source: 'tmpfs',
    options: [],
    attributes: 0,
    propagation: 0,
    propagationRecursive: 0,
    copyUp: 0,
    ...more,
  });
const bind = (source: string, target: string, more: object = {}) => [
  step('rootfs', 'open-tree', { slot: 1, path: source, recursive: 0 }),
  step('rootfs', 'bind', {
    root: 0,
    target,
    tree: 1,
    set: 0,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: 0,
    ...more,
  }),
];
const device = (path: string, mode = S_IFCHR | 0o666, major = 1, minor = 3) =>
  step('rootfs', 'device', { root: 0, path, mode, major, minor, uid: 0, gid: 0 });

/** Ways to say "outside" inside a root, each with where it really leads. */
interface Escape {
  readonly title: string;
  readonly path: string;
  readonly lands: string;
  make(): void;
}

const escapes: readonly Escape[] = [
  {
    title: 'an absolute link',
    path: '/a/new',
    lands: 'OUT/new',
    make: () => symlinkSync(outside, join(root, 'a')),
  },
  {
    title: 'a relative link',
    path: '/a/new',
    lands: 'outside/new',
    make: () => symlinkSync('../../../../../outside', join(root, 'a')),
  },
  { title: 'dots', path: '/../../../../outside/new', lands: 'outside/new', make: () => undefined },
  {
    title: 'a chain of links',
    path: '/a/new',
    lands: 'd/e/new',
    make: () => {
      mkdirSync(join(root, 'c'));
      mkdirSync(join(root, 'd/e'), { recursive: true });
      symlinkSync('b/e', join(root, 'a'));
      symlinkSync('/c/../d', join(root, 'b'));
    },
  },
  {
    title: 'a link back out of a directory',
    path: '/x/y/new',
    lands: 'outside/new',
    make: () => {
      mkdirSync(join(root, 'x'));
      symlinkSync('../../../outside', join(root, 'x/y'));
    },
  },
  {
    title: '/proc/self/root, textually',
    path: '/a/new',
    lands: 'proc/self/root/new',
    make: () => symlinkSync('/proc/self/root', join(root, 'a')),
  },
];

for (const { title, path, lands, make } of escapes) {
  const place = () => join(root, lands.replace('OUT', outside));
  for (const [what, operation, kind] of [
    ['directory', directory(path), 'isDirectory'],
    ['device', device(path), 'isCharacterDevice'],
    ['link', step('rootfs', 'symlink', { root: 0, path, target: 'x' }), 'isSymbolicLink'],
  ] as const) {
    test(`a ${what} by ${title} is made inside`, () => {
      make();
      succeed(inside([operation]));
      assert.equal(readdirSync(outside), [], 'nothing outside');
      assert.ok(lstatSync(place())[kind](), place());
    });
  }

  test(`a mount by ${title} is made inside`, () => {
    make();
    writeFileSync(join(bench.directory, 'source'), 'content');
    const output = succeed(inside([...bind(join(bench.directory, 'source'), path)], `cat ${place()}`));
    assert.is(output, 'content');
    assert.equal(readdirSync(outside), [], 'nothing outside');
    assert.is(readFileSync(place(), 'utf8'), '', 'only in that namespace');
  });
}

test('a dangling link as the last part of a file target is followed inside', () => {
  symlinkSync('/etc/new.conf', join(root, 'conf'));
  writeFileSync(join(bench.directory, 'source'), 'content');
  succeed(inside(bind(join(bench.directory, 'source'), '/conf')));
  assert.is(readFileSync(join(root, 'etc/new.conf'), 'utf8'), '');
});

test('a link that is in the place of a device, of a link or of the console is not followed', () => {
  symlinkSync(join(outside, 'file'), join(root, 'null'));
  failWith(inside([device('/null')]), 17, /something else/);
  assert.not(existsSync(join(outside, 'file')));
  succeed(inside([step('rootfs', 'symlink', { root: 0, path: '/null', target: 'other' })]));
  assert.is(readlinkSync(join(root, 'null')), join(outside, 'file'), 'left alone');
});

test('links in a circle are refused', () => {
  symlinkSync('b', join(root, 'a'));
  symlinkSync('a', join(root, 'b'));
  failWith(inside([directory('/a/x')]), 40, /"\/a\/x"/);
  failWith(inside([tmpfs('/a/x')]), 40, /"\/a\/x"/);
});

test('the root itself is no target', () => {
  symlinkSync('/', join(root, 'top'));
  for (const path of ['/', '/..', '/top', '/./']) failWith(inside([tmpfs(path)]), 22, /the root itself/);
});

test('proc and sysfs want a real directory', () => {
  mkdirSync(join(root, 'real'));
  symlinkSync('real', join(root, 'proc'));
  const proc = { type: 'proc', source: 'proc' };
  failWith(inside([tmpfs('/proc', proc)]), 40, /symbolic link/);
  succeed(inside([tmpfs('/real', proc)]));
  succeed(inside([tmpfs('/made/here', proc)]));
});

test('a file is not mounted on a directory, nor the other way round', () => {
  mkdirSync(join(root, 'directory'));
  writeFileSync(join(root, 'file'), '');
  failWith(inside(bind(outside, '/file')), 20, /something else than a directory/);
  writeFileSync(join(bench.directory, 'source'), '');
  failWith(
    inside(bind(join(bench.directory, 'source'), '/directory')),
    20,
    /one is a directory and one is not/,
  );
});

test('a component that is a file is refused', () => {
  writeFileSync(join(root, 'file'), '');
  failWith(inside([directory('/file/x')]), 20, /file\/x/);
});

test('names that are too long are refused', () => {
  failWith(inside([directory(`/${'n'.repeat(300)}`)]), 36, /n{20}/);
  failWith(inside([directory(`/${'n/'.repeat(3000)}`)]), 36, /n\/n/);
});

test('devices get their exact mode and owner, new or not', () => {
  const fifo = step('rootfs', 'device', {
    root: 0,
    path: '/fifo',
    mode: S_IFIFO | 0o622,
    major: 0,
    minor: 0,
    uid: 3,
    gid: 4,
  });
  succeed(inside([device('/dev/null', S_IFCHR | 0o666), fifo]));
  succeed(inside([device('/dev/null', S_IFCHR | 0o640), fifo]));
  assert.is(lstatSync(join(root, 'dev/null')).mode & 0o7777, 0o640);
  const made = lstatSync(join(root, 'fifo'));
  assert.equal([made.mode & 0o7777, made.uid, made.gid, made.isFIFO()], [0o622, 3, 4, true]);
  failWith(inside([device('/dev/null', S_IFCHR | 0o666, 1, 5)]), 17, /something else/);
});

test('directories get their exact mode, and what is there keeps its own', () => {
  succeed(inside([directory('/a/b', 0o1777)]));
  assert.is(lstatSync(join(root, 'a')).mode & 0o7777, 0o755);
  assert.is(lstatSync(join(root, 'a/b')).mode & 0o7777, 0o1777);
  succeed(inside([directory('/a/b', 0o700)]));
  assert.is(lstatSync(join(root, 'a/b')).mode & 0o7777, 0o1777);
});

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
  assert.not.match(other, /relatime|noatime/);
});

test('remount changes a mount, and only a mount', () => {
  const remount = (target: string, options: string[] = []) =>
    step('rootfs', 'remount', {
      root: 0,
      target,
      set: 1,
      clear: 0,
      recursive: 0,
      options,
      propagation: 0,
      propagationRecursive: 0,
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
      step('prepare', 'open-proc', { slot: 2 }),
      step('prepare', 'open-tree', { slot: 1, path: outside, recursive: 0 }),
      step('prepare', 'make-user-namespace', { slot: 3, proc: 2, uidMap: map, gidMap: map }),
      step('prepare', 'map-tree', { tree: 1, namespace: 3, recursive: 0 }),
      ...ownRoot(root, 0),
      ...bind('', '/mapped').slice(1),
      ...shell(`stat -c '%u %g' ${root}/mapped/file`),
    ],
    slots: 4,
  });
  assert.is(succeed(outcome), '100000 100000\n');
});

test('tmpcopyup brings what the directory had, and follows nothing', () => {
  const source = join(root, 'data');
  mkdirSync(join(source, 'sub/deep'), { recursive: true });
  writeFileSync(join(source, 'file'), 'x'.repeat(100_000), { mode: 0o640 });
  writeFileSync(join(source, 'sub/deep/f'), 'deep');
  symlinkSync('/etc/shadow', join(source, 'link'));
  const output = succeed(
    inside(
      [device('/data/null'), tmpfs('/data', { copyUp: 1 })],
      `cd ${root}/data && stat -c '%n %a %s %F' file null && readlink link && cat sub/deep/f`,
    ),
  );
  assert.equal(output.trim().split('\n'), [
    'file 640 100000 regular file',
    'null 666 0 character special file',
    '/etc/shadow',
    'deep',
  ]);
});

test('tmpcopyup ends at a depth that only an attacker needs', () => {
  mkdirSync(join(root, `data/${'d/'.repeat(100)}`), { recursive: true });
  failWith(inside([tmpfs('/data', { copyUp: 1 })]), 40, /nested too deeply/);
});

test('a device that is not what it should be is refused', () => {
  const open = (path: string) => step('prepare', 'open-device', { slot: 1, path, major: 1, minor: 3 });
  const run = (path: string) => bench.run({ operations: [open(path), ...shell('true')], slots: 2 });
  succeed(run('/dev/null'));
  failWith(run('/dev/zero'), 19, /not the device/);
  failWith(run('/etc/passwd'), 19, /not the device/);
});

test('masks cover directories and files, several from one mount; what is missing is fine', () => {
  mkdirSync(join(root, 'secrets'));
  writeFileSync(join(root, 'secrets/key'), 'secret');
  writeFileSync(join(root, 'one'), 'secret');
  writeFileSync(join(root, 'two'), 'secret');
  const mask = (path: string) => step('confine', 'mask', { path: join(root, path), null: 1, empty: 2 });
  const output = succeed(
    bench.run({
      operations: [
        step('prepare', 'open-device', { slot: 1, path: '/dev/null', major: 1, minor: 3 }),
        ...ownRoot(root, 0),
        step('confine', 'empty-tmpfs', { slot: 2, options: ['mode=755'] }),
        ...['secrets', 'one', 'two', 'missing', 'one/below'].map(mask),
        step('confine', 'readonly-path', { path: join(root, 'missing') }),
        ...shell(`cd ${root}; ls -A secrets; cat one two; touch secrets/x 2>&1 || true`),
      ],
      slots: 3,
    }),
  );
  assert.not.match(output, /secret$/m);
  assert.match(output, /Read-only file system/);
});

test('sysctls and scores go to procfs and nowhere else', () => {
  const proc = step('prepare', 'open-proc', { slot: 0 });
  const sysctl = (path: string, value = 'x') => step('confine', 'sysctl', { proc: 0, path, value });
  const run = (...operations: Operation[]) =>
    bench.run({ operations: [proc, ...operations, ...shell('cat /proc/self/oom_score_adj')], slots: 1 });
  assert.is(succeed(run(step('confine', 'oom-score', { proc: 0, value: 77 }))), '77\n');
  failWith(run(sysctl('self/root/etc/passwd')), 40, /self\/root\/etc\/passwd/);
  failWith(run(sysctl('../etc/passwd')), 18, /etc\/passwd/);
  failWith(run(sysctl('/etc/passwd')), 18, /etc\/passwd/);
  failWith(run(sysctl('sys/no/such')), 2, /sys\/no\/such/);
});

test.run();
