/** Targets inside a hostile root (security.md): nothing outside is made, followed or mounted over. */

import { strict as assert } from 'node:assert';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NO_SLOT } from '../../src/plan/operations.ts';
import { failWith, step, succeed } from './support/stub.ts';
import { bind, device, S_IFCHR, stubSuiteWithRoot, tmpfs } from './support/stub-suite.ts';

let root = '';
let outside = '';

const { test, bench, inside } = stubSuiteWithRoot('the stub: files inside the root', (places) => {
  ({ root, outside } = places);
});

const S_IFIFO = 0o010000;

const directory = (path: string, mode = 0o755) =>
  step('rootfs', 'make-directory', { root: 0, path, mode, uid: 0, gid: 0 });

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
    [
      'link',
      step('rootfs', 'symlink', { root: 0, directory: NO_SLOT, path, target: 'x', exact: false }),
      'isSymbolicLink',
    ],
  ] as const) {
    test(`a ${what} by ${title} is made inside`, () => {
      make();
      succeed(inside([operation]));
      assert.deepEqual(readdirSync(outside), [], 'nothing outside');
      assert.ok(lstatSync(place())[kind](), place());
    });
  }

  test(`a mount by ${title} is made inside`, () => {
    make();
    writeFileSync(join(bench.directory, 'source'), 'content');
    const output = succeed(inside([...bind(join(bench.directory, 'source'), path)], `cat ${place()}`));
    assert.equal(output, 'content');
    assert.deepEqual(readdirSync(outside), [], 'nothing outside');
    assert.equal(readFileSync(place(), 'utf8'), '', 'only in that namespace');
  });
}

test('a dangling link as the last part of a file target is followed inside', () => {
  symlinkSync('/etc/new.conf', join(root, 'conf'));
  writeFileSync(join(bench.directory, 'source'), 'content');
  succeed(inside(bind(join(bench.directory, 'source'), '/conf')));
  assert.equal(readFileSync(join(root, 'etc/new.conf'), 'utf8'), '');
});

test('a link that is in the place of a device, of a link or of the console is not followed', () => {
  symlinkSync(join(outside, 'file'), join(root, 'null'));
  failWith(inside([device('/null')]), 17, /something else/);
  assert.ok(!existsSync(join(outside, 'file')));
  succeed(
    inside([
      step('rootfs', 'symlink', {
        root: 0,
        directory: NO_SLOT,
        path: '/null',
        target: 'other',
        exact: false,
      }),
    ]),
  );
  assert.equal(readlinkSync(join(root, 'null')), join(outside, 'file'), 'left alone');
});

/** What is made in a directory that is open: its path has another meaning by then. */
const opened = (path: string) => step('rootfs', 'open-directory', { slot: 1, root: 0, path });
const within = { root: NO_SLOT, directory: 1 };
const nodeIn = (path: string) =>
  step('rootfs', 'device', {
    ...within,
    path,
    mode: S_IFCHR | 0o666,
    major: 1,
    minor: 3,
    uid: 0,
    gid: 0,
    fresh: false,
  });
const linkIn = (path: string) => step('rootfs', 'symlink', { ...within, path, target: 'x', exact: false });

test('what is made in an open directory is made there, whatever its path leads to by then', () => {
  const made = inside(
    [opened('/dev'), tmpfs('/dev'), nodeIn('/dev/null'), linkIn('/dev/link'), tmpfs('/dev/shm', within)],
    `ls ${join(root, 'dev')}`,
  );
  assert.equal(succeed(made), '', 'not in what lies over it');
  assert.deepEqual(readdirSync(join(root, 'dev')).sort(), ['link', 'null', 'shm']);
  assert.ok(lstatSync(join(root, 'dev/null')).isCharacterDevice());
  // Positive control: by its path it is made in what lies over it.
  assert.match(succeed(inside([tmpfs('/dev'), device('/dev/zero')], `ls ${join(root, 'dev')}`)), /zero/);
});

test('an open directory is one inside the root', () => {
  symlinkSync(outside, join(root, 'dev'));
  succeed(inside([opened('/dev'), nodeIn('/dev/null')]));
  assert.deepEqual(readdirSync(outside), []);
  assert.ok(lstatSync(join(root, outside, 'null')).isCharacterDevice());
});

test('in an open directory nothing is followed', () => {
  mkdirSync(join(root, 'dev'));
  symlinkSync(outside, join(root, 'dev/out'));
  failWith(inside([opened('/dev'), nodeIn('/dev/out')]), 17, /something else/);
  failWith(inside([opened('/dev'), tmpfs('/dev/out', within)]), 20, /"\/dev\/out"/);
  succeed(inside([opened('/dev'), linkIn('/dev/out')]));
  assert.equal(readlinkSync(join(root, 'dev/out')), outside, 'left alone');
  for (const path of ['/dev/..', '/dev/.', '/dev/', '']) {
    failWith(inside([opened('/dev'), nodeIn(path)]), 22, /names nothing in a directory/);
    failWith(inside([opened('/dev'), tmpfs(path, within)]), 22, /names nothing in a directory/);
  }
  failWith(inside([opened('/dev'), nodeIn(`/dev/${'n'.repeat(300)}`)]), 36, /names nothing/);
  assert.deepEqual(readdirSync(outside), []);
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
    directory: NO_SLOT,
    path: '/fifo',
    mode: S_IFIFO | 0o622,
    major: 0,
    minor: 0,
    uid: 3,
    gid: 4,
    fresh: false,
  });
  succeed(inside([device('/dev/null', S_IFCHR | 0o666), fifo]));
  succeed(inside([device('/dev/null', S_IFCHR | 0o640), fifo]));
  assert.equal(lstatSync(join(root, 'dev/null')).mode & 0o7777, 0o640);
  const made = lstatSync(join(root, 'fifo'));
  assert.deepEqual([made.mode & 0o7777, made.uid, made.gid, made.isFIFO()], [0o622, 3, 4, true]);
  failWith(inside([device('/dev/null', S_IFCHR | 0o666, 1, 5)]), 17, /something else/);
});

test('directories get their exact mode, and what is there keeps its own', () => {
  succeed(inside([directory('/a/b', 0o1777)]));
  assert.equal(lstatSync(join(root, 'a')).mode & 0o7777, 0o755);
  assert.equal(lstatSync(join(root, 'a/b')).mode & 0o7777, 0o1777);
  succeed(inside([directory('/a/b', 0o700)]));
  assert.equal(lstatSync(join(root, 'a/b')).mode & 0o7777, 0o1777);
});

test.run();
