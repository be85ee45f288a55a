import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { NO_SLOT } from '../../../../src/plan/operations.ts';
import type { Mount } from '../../../../src/spec/config.ts';
import { configOf, namespacesOf, operationsOf, planOf, rootFacts } from '../support.ts';

const test = suite('mounts that are needed later');

const tmpfs = (destination: string, ...options: string[]): Mount => ({
  destination,
  type: 'tmpfs',
  source: 'x',
  options,
});

function plan(mounts: readonly Mount[], masked: readonly string[] = []) {
  const config = configOf((each) => {
    each.linux.namespaces = namespacesOf('mount', 'pid');
    each.linux.maskedPaths = [...masked];
    each.linux.readonlyPaths = [];
    each.mounts = structuredClone(mounts) as never;
  });
  const made = planOf(config, rootFacts);
  const handles = operationsOf(made, 'mount').map(({ handle }) => handle);
  return { made, handles };
}

test('a mount that nothing comes back to does not stay open', () => {
  assert.deepEqual(plan([tmpfs('/a'), tmpfs('/b')]).handles, [NO_SLOT, NO_SLOT]);
});

test('what becomes read-only at the end, or is remounted, is the mount that was made', () => {
  const remount: Mount = { destination: '/b/', type: 'none', options: ['remount', 'nosuid'] };
  const { made, handles } = plan([tmpfs('/a', 'ro'), tmpfs('/b'), tmpfs('/b'), remount, tmpfs('/b')]);
  const [sealed, below, meant, above] = handles;
  assert.deepEqual([below, above], [NO_SLOT, NO_SLOT]);
  assert.deepEqual(
    operationsOf(made, 'remount').map(({ mount, root }) => [mount, root]),
    [
      [meant, NO_SLOT],
      [sealed, NO_SLOT],
    ],
  );
});

test('a remount of what is none of the mounts is looked up', () => {
  const { made } = plan([tmpfs('/a'), { destination: '/a/deep', type: 'none', options: ['remount', 'ro'] }]);
  const [{ mount, root } = { mount: 0, root: NO_SLOT }] = operationsOf(made, 'remount');
  assert.equal(mount, NO_SLOT);
  assert.notEqual(root, NO_SLOT);
});

test('a path that is hidden is a place in the last mount that lies on it or above it', () => {
  const masked = ['/a', '/a/b/c', '/a/b', '/ab', '/d/e'];
  const bind: Mount = { destination: '/d', type: 'none', source: '/srv', options: ['rbind'] };
  const { made, handles } = plan([tmpfs('/a/b'), tmpfs('/a'), tmpfs('/a/b'), bind], masked);
  const [first, second, third] = handles;
  assert.equal(first, NO_SLOT);
  const [{ tree } = { tree: NO_SLOT }] = operationsOf(made, 'bind');
  assert.deepEqual(
    operationsOf(made, 'mask').map(({ path, mount, inside }) => [path, mount, inside]),
    [
      ['/a', second, '..'],
      ['/a/b/c', third, '../c'],
      ['/a/b', third, '..'],
      ['/ab', NO_SLOT, ''],
      ['/d/e', tree, '../e'],
    ],
  );
});

test.run();
