import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { addMountsPlan, removeMountsPlan } from '../../../src/plan/mounts-plan.ts';
import type { Mount } from '../../../src/spec/config.ts';
import { assertRefused } from '../refusal.ts';
import { configOf, operationsOf, rootFacts, rootlessFacts } from './support.ts';

const test = suite('addMountsPlan()');

const container = {
  namespaces: ['mount', 'pid', 'network', 'ipc'],
  root: undefined,
  mapsRoot: true,
  noSetGroups: false,
};
const planWith = (...mounts: readonly Mount[]) =>
  addMountsPlan({ ...configOf(), mounts }, '/bundle', container, rootFacts);
const tmpfs = (destination: string): Mount => ({ destination, type: 'tmpfs', source: 'x' });

const unfit: readonly (readonly [mount: Mount, words: RegExp])[] = [
  [{ destination: '/x', options: ['remount', 'ro'] }, /could not be taken back/],
  [{ destination: '/x', source: '/y', options: ['bind', 'copy-symlink'] }, /no mount/],
  [{ destination: '/proc', type: 'proc' }, /shows the namespaces/],
  [{ destination: '/x', type: 'cgroup' }, /shows the namespaces/],
  [{ destination: '/x', type: 'cgroup2' }, /shows the namespaces/],
  [{ destination: '/x', type: 'ext4', source: '/dev/sda1' }, /look for what it is made of in the container/],
  [{ destination: '/x', type: 'overlay', options: ['lowerdir=/a:/b'] }, /in the container/],
  [{ destination: '/x' }, /in the container/],
];
for (const [mount, words] of unfit) {
  test(`refuses ${mount.type ?? mount.options?.join() ?? 'nothing'}, with the place in the list`, () =>
    assertRefused(() => planWith(tmpfs('/fine'), mount), 'unsupported', '/mounts/1', words));
}

test('procfs is guarded as at create', () =>
  assertRefused(
    () => planWith({ destination: '/proc/sys', source: '/y', options: ['bind'] }),
    'invalid',
    '/mounts/0',
    /inside \/proc/,
  ));

test('an ordinary user cannot map ids', () =>
  assertRefused(
    () =>
      addMountsPlan(
        {
          ...configOf(),
          mounts: [{ destination: '/x', source: '/y', options: ['bind', 'idmap=uids=0-0-1;gids=0-0-1'] }],
        },
        '/bundle',
        container,
        rootlessFacts,
      ),
    'unsupported',
    '/mounts/0',
    /cannot map/,
  ));

test('every source is opened before the container is entered, every mount is told of, and taken back in reverse', () => {
  const bind = (destination: string): Mount => ({ destination, source: '/srv', options: ['bind'] });
  const plan = planWith(bind('/a'), tmpfs('/b'), bind('/c'));
  const kinds = plan.operations.map(({ kind }) => kind);
  assert.ok(kinds.lastIndexOf('open-tree') < kinds.indexOf('join-slot'));
  const targets = (kind: 'tell-mount' | 'unmount') => operationsOf(plan, kind).map(({ target }) => target);
  assert.deepEqual(targets('tell-mount'), ['/a', '/b', '/c']);
  assert.deepEqual(targets('unmount'), ['/c', '/b', '/a']);
  const slots = (kind: 'tell-mount' | 'unmount') => operationsOf(plan, kind).map(({ mount }) => mount);
  assert.deepEqual(slots('unmount').toReversed(), slots('tell-mount'));
  const finish = kinds.indexOf('finish');
  assert.deepEqual(
    plan.operations.map(({ phase }) => phase === 'undo'),
    kinds.map((_, index) => index > finish),
  );
});

test('only the namespaces are joined that the file systems show', () => {
  const flags = (...types: string[]) => {
    const plan = planWith(...types.map((type) => ({ destination: `/${type}`, type })));
    return operationsOf(plan, 'join-slot').map((join) => join.flags);
  };
  assert.deepEqual(flags('tmpfs'), [0x2_0000]);
  assert.deepEqual(flags('sysfs'), [0x4000_0000, 0x2_0000]);
  assert.deepEqual(flags('mqueue', 'sysfs'), [0x4800_0000, 0x2_0000]);
});

test('removeMountsPlan() looks for all by their numbers first, and takes the deeper ones off first', () => {
  const mounts = [
    { destination: '/a', number: 1 },
    { destination: '/a/b/c', number: 2 },
    { destination: '/a/b', number: 3 },
  ];
  const plan = removeMountsPlan({ mounts: [{}, {}, {}] }, mounts, container, rootFacts);
  assert.deepEqual(
    operationsOf(plan, 'open-mount').map(({ target, number, from }) => [target, number, from]),
    [
      ['/a', 1, '/mounts/0'],
      ['/a/b/c', 2, '/mounts/1'],
      ['/a/b', 3, '/mounts/2'],
    ],
  );
  assert.deepEqual(
    operationsOf(plan, 'unmount').map(({ target }) => target),
    ['/a/b/c', '/a/b', '/a'],
  );
  assert.equal(plan.operations.at(-1)?.kind, 'finish');
  // By a procfs of ours it is told whether one that is not in its place is anywhere.
  const [proc] = operationsOf(plan, 'open-proc');
  for (const each of operationsOf(plan, 'open-mount')) assert.equal(each.proc, proc?.slot);
});

test.run();
