/** Tests also: src/cgroup/saved-cgroup.ts */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { placeOf, subCgroup } from '../../../../src/cgroup/cgroupfs/sub-cgroup.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { assertRefused } from '../../refusal.ts';
import { FakeFiles, systemError } from '../fake-files.ts';

const test = suite('sub-cgroups');

const v2: SavedCgroup = {
  driver: 'cgroupfs',
  mode: 'v2',
  rootless: false,
  hierarchies: [],
  unified: { mount: '/u', path: '/u/a/c' },
};
const hybrid: SavedCgroup = {
  ...v2,
  mode: 'hybrid',
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], path: '/cpu/a/c' },
    { controllers: ['memory'], path: '/memory/a/c' },
  ],
};

/** A machine with these directories. */
function machine(...directories: string[]) {
  const files = new FakeFiles();
  for (const directory of directories) files.add(directory);
  return files;
}
const entryOf = (entry: ReturnType<typeof subCgroup>) => [...entry.joinPaths(), entry.unifiedDirectory()];

test('subCgroup() for all: below the container’s own in each hierarchy', () => {
  const native = machine('/cpu/a/c/x', '/memory/a/c/x').native();
  assert.deepEqual(entryOf(subCgroup(native, hybrid, { '': '/x/' })), [
    '/cpu/a/c/x/tasks',
    '/memory/a/c/x/tasks',
    '/u/a/c',
  ]);
  const both = machine('/cpu/a/c/x', '/memory/a/c/x', '/u/a/c/x').native();
  assert.deepEqual(entryOf(subCgroup(both, hybrid, { '': 'x' })).at(-1), '/u/a/c/x');
  assert.deepEqual(entryOf(subCgroup(machine('/u/a/c/x').native(), v2, { '': 'x' })), ['/u/a/c/x']);
});

test('subCgroup() by controller leaves the others where they are', () => {
  const native = machine('/cpu/a/c/x').native();
  assert.deepEqual(entryOf(subCgroup(native, hybrid, { cpuacct: 'x' })), [
    '/cpu/a/c/x/tasks',
    '/memory/a/c/tasks',
    '/u/a/c',
  ]);
});

test('subCgroup() refuses to lead out, controllers that are not there, and what nobody made', () => {
  const native = machine('/u/a/c').native();
  const refused = (paths: Readonly<Record<string, string>>, code: string, words: RegExp) =>
    assertRefused(() => subCgroup(native, v2, paths), code, undefined, words);
  refused({ '': '../x' }, 'invalid', /must not contain "\.\."/);
  refused({ cpu: 'x' }, 'invalid', /no cgroup v1 controller "cpu"/);
  refused({ '': 'x' }, 'not-found', /cgroup "\/u\/a\/c\/x" does not exist/);
});

/** Where a process is whose /proc/7/cgroup says this, on a machine with these directories. */
function placed(saved: SavedCgroup, lines: string, ...directories: string[]) {
  const native = new Proxy(machine(...directories).native(), {
    get: (target, name) =>
      name === 'readText'
        ? (path: string) => {
            assert.equal(path, '/proc/7/cgroup');
            if (lines.startsWith('E')) throw systemError(lines, path);
            return lines;
          }
        : Reflect.get(target, name),
  });
  return entryOf(placeOf(native, saved, 7));
}

test('placeOf() follows a process that was moved down, in each hierarchy by itself', () => {
  assert.deepEqual(placed(v2, '0::/a/c/init\n', '/u/a/c/init'), ['/u/a/c/init']);
  assert.deepEqual(
    placed(hybrid, '2:memory:/a/c/m\n1:cpu,cpuacct:/a/c\n0::/\n', '/memory/a/c/m', '/cpu/a/c'),
    ['/cpu/a/c/tasks', '/memory/a/c/m/tasks', '/u/a/c'],
  );
});

test('placeOf() knows the container’s cgroup from within our own namespace, where less of the path is seen', () => {
  assert.deepEqual(placed(v2, '0::/c/init\n', '/u/a/c/init'), ['/u/a/c/init']);
  assert.deepEqual(placed(v2, '0::/a/c/c\n', '/u/a/c/c'), ['/u/a/c/c'], 'a child of the same name');
});

test('placeOf() is never above what is delegated', () => {
  const delegated = { ...v2, delegated: '/u/a/c/d' };
  assert.deepEqual(placed(delegated, '0::/a/c/d/x\n', '/u/a/c/d/x'), ['/u/a/c/d/x']);
  for (const line of ['0::/elsewhere\n', '0::/a/c\n', 'ENAMETOOLONG'])
    assert.deepEqual(placed(delegated, line, '/u/a/c'), ['/u/a/c/d']);
});

test('placeOf() is the container’s own where the process is elsewhere, gone, or deeper than can be said', () => {
  assert.deepEqual(placed(v2, '0::/elsewhere\n', '/u/a/c'), ['/u/a/c']);
  assert.deepEqual(placed(v2, '0::/a/cx\n', '/u/a/cx'), ['/u/a/c'], 'only begins alike');
  assert.deepEqual(placed(v2, '0::/a/c/gone\n', '/u/a/c'), ['/u/a/c']);
  assert.deepEqual(placed(v2, 'ENAMETOOLONG'), ['/u/a/c']);
  assert.throws(() => placed(v2, 'EIO'), /EIO/);
});

test.run();
