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
import { NO_SLOT } from '../../src/plan/operations.ts';
import {
  type Bench,
  failWith,
  type Outcome,
  openBench,
  ownRoot,
  shell,
  step,
  succeed,
} from './support/stub.ts';

const test = suite('the stub: files inside the root');
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
    keepMode: 0,
    instead: '',
    insteadType: 0,
    handle: NO_SLOT,
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
    /must both be directories, or both files/,
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

test.run();
