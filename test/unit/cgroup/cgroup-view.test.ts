import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../src/cgroup/cgroup.ts';
import { cgroupView } from '../../../src/cgroup/cgroup-view.ts';
import type { CgroupLayout } from '../../../src/cgroup/layout/cgroup-layout.ts';
import type { SavedCgroup } from '../../../src/cgroup/saved-cgroup.ts';

const test = suite('cgroupView');

const layout: CgroupLayout = {
  mode: 'hybrid',
  hierarchies: [
    { controllers: ['cpu', 'cpuacct'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/' },
    { controllers: ['memory'], mount: '/sys/fs/cgroup/memory', own: '/' },
    { controllers: ['name=systemd'], mount: '/sys/fs/cgroup/systemd', own: '/' },
  ],
  unified: { controllers: [], mount: '/sys/fs/cgroup/unified', own: '/' },
};

function cgroupOf(saved: Partial<SavedCgroup>, adopt?: Cgroup['adopt']): Cgroup {
  const whole = {
    driver: 'cgroupfs',
    mode: 'hybrid',
    rootless: false,
    hierarchies: [],
    unified: undefined,
    ...saved,
  };
  return { saved: whole, joinPaths: () => ['/j'], ...(adopt && { adopt }) } as unknown as Cgroup;
}

test('cgroupView() has the usual names, links for controllers that share a hierarchy, and options that mount them', () => {
  const hierarchies = layout.hierarchies.map(({ controllers, mount }) => ({
    controllers,
    path: `${mount}/c1`,
  }));
  const unified = { mount: '/sys/fs/cgroup/unified', path: '/sys/fs/cgroup/unified/c1' };
  assert.deepEqual(cgroupView(layout, cgroupOf({ hierarchies, unified })), {
    mode: 'hybrid',
    hierarchies: [
      { name: 'cpu,cpuacct', options: ['cpu', 'cpuacct'], directory: '/sys/fs/cgroup/cpu,cpuacct/c1' },
      { name: 'memory', options: ['memory'], directory: '/sys/fs/cgroup/memory/c1' },
      { name: 'systemd', options: ['none', 'name=systemd'], directory: '/sys/fs/cgroup/systemd/c1' },
    ],
    links: [
      { name: 'cpu', target: 'cpu,cpuacct' },
      { name: 'cpuacct', target: 'cpu,cpuacct' },
    ],
    unified: '/sys/fs/cgroup/unified/c1',
    join: ['/j'],
    made: 'beside',
  });
});

test('cgroupView() says when there is nothing, and when systemd makes it', () => {
  const nothing = cgroupView(layout, cgroupOf({}));
  assert.deepEqual([nothing.mode, nothing.made], ['none', 'before']);
  assert.equal(
    cgroupView(
      layout,
      cgroupOf({}, async () => undefined),
    ).made,
    'around',
  );
});

test('cgroupView() has a rootless caller make it before the stub is started: the plan depends on what it gets', () => {
  const unified = { mount: '/sys/fs/cgroup', path: '/sys/fs/cgroup/c1' };
  assert.equal(cgroupView(layout, cgroupOf({ unified, rootless: true })).made, 'before');
});

test.run();
