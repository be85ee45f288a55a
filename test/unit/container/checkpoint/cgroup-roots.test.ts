import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { CgroupLayout } from '../../../../src/cgroup/layout/cgroup-layout.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { cgroupRoots, freezerDirectory } from '../../../../src/container/checkpoint/cgroup-roots.ts';

const test = suite('cgroup-roots');

const layout: CgroupLayout = {
  mode: 'hybrid',
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/' },
    { controllers: ['freezer'], mount: '/sys/fs/cgroup/freezer', own: '/' },
  ],
  unified: { controllers: [], mount: '/sys/fs/cgroup/unified', own: '/' },
};
const saved: SavedCgroup = {
  driver: 'cgroupfs',
  mode: 'hybrid',
  rootless: false,
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], path: '/sys/fs/cgroup/cpu,cpuacct/a/c' },
    { controllers: ['freezer'], path: '/sys/fs/cgroup/freezer/a/c' },
    { controllers: ['gone'], path: '/sys/fs/cgroup/gone/a/c' },
  ],
  unified: { mount: '/sys/fs/cgroup/unified', path: '/sys/fs/cgroup/unified/a/c' },
};

test('cgroupRoots() are paths from each hierarchy’s mount, by its first controller, for what is still mounted', () => {
  assert.deepEqual(cgroupRoots(layout, saved), [
    { path: '/a/c' },
    { ctrl: 'cpu', path: '/a/c' },
    { ctrl: 'freezer', path: '/a/c' },
  ]);
});

test('cgroupRoots() of a cgroup that is the mount itself is its root', () => {
  const unified = { mount: '/cg', path: '/cg' };
  assert.deepEqual(cgroupRoots(layout, { ...saved, hierarchies: [], unified }), [{ path: '/' }]);
});

test('freezerDirectory() is v1’s where there is one, and v2’s own; a hybrid’s unified part freezes nothing', () => {
  assert.equal(freezerDirectory(saved), '/sys/fs/cgroup/freezer/a/c');
  assert.equal(freezerDirectory({ ...saved, hierarchies: [] }), undefined);
  assert.equal(freezerDirectory({ ...saved, mode: 'v2', hierarchies: [] }), '/sys/fs/cgroup/unified/a/c');
});

test.run();
