import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { clearCgroup, directoriesOf, sharersOf } from '../../../../src/container/process/clear-cgroup.ts';
import type { ContainerRecord } from '../../../../src/container/record/record.ts';
import { Store } from '../../../../src/container/record/store.ts';
import type { Context } from '../../../../src/container/types.ts';
import { contextOn } from '../context.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('clear-cgroup');

const at = (...paths: string[]): SavedCgroup => ({
  driver: 'cgroupfs',
  mode: 'v2',
  rootless: false,
  hierarchies: paths.slice(1).map((path) => ({ controllers: [path], path })),
  unified: paths[0] === undefined ? undefined : { mount: '/cg', path: paths[0] },
});

/** A cgroup with these processes, which are gone after so many looks. */
function cgroupWith(pids: number[], saved = at('/cg/c'), looks = Number.POSITIVE_INFINITY) {
  const done: string[] = [];
  let left = looks;
  const cgroup: Partial<Cgroup> = {
    saved,
    processes: () => (left-- > 0 ? pids : []),
    killAll: async (signal) => {
      done.push(`kill ${signal}`);
      left = 0;
      return undefined;
    },
    delete: async () => void done.push('delete'),
  };
  return { done, cgroup: cgroup as Cgroup };
}

type Kept = Pick<ContainerRecord, 'id'> & Partial<ContainerRecord> & { readonly config?: object | string };

/** A root with containers of these records and configs; waiting there takes no time. */
const withContainers = (
  containers: readonly Kept[],
  body: (context: Context, store: Store, warned: string[]) => unknown,
) =>
  withDirectory(async (root) => {
    const warned: string[] = [];
    const context = contextOn(root, warned);
    const wait = { ...context.host.wait, pause: async () => undefined };
    const store = new Store(native, root);
    for (const { id, config, ...record } of containers) {
      const lock = await store.reserve(wait, id);
      store.write(recordOf(id, record));
      if (config !== undefined)
        store.writeConfig(id, typeof config === 'string' ? config : JSON.stringify(config));
      lock.release();
    }
    await body({ ...context, host: { ...context.host, wait } }, store, warned);
  });

const init = { pid: 7, startTime: '1' };
const ownPids = { config: { linux: { namespaces: [{ type: 'pid' }] } } };

test('an empty cgroup is removed, and nobody signalled', () =>
  withContainers([{ id: 'c' }], async (context, store) => {
    const { done, cgroup } = cgroupWith([]);
    await clearCgroup(context, store, recordOf('c'), cgroup);
    assert.deepEqual(done, ['delete']);
  }));

test('without a pid namespace of its own, its processes are killed first', () =>
  withContainers([{ id: 'c' }], async (context, store) => {
    const { done, cgroup } = cgroupWith([8, 9]);
    await clearCgroup(context, store, recordOf('c', { init }), cgroup);
    assert.deepEqual(done, ['kill 9', 'delete']);
  }));

test('with one, whoever is left is another’s: waited for, and the cgroup stays with a warning', () =>
  withContainers([{ id: 'c', ...ownPids }], async (context, store, warned) => {
    const record = recordOf('c', { init, namespaces: ['pid'] });
    const late = cgroupWith([8], at('/cg/c'), 3);
    await clearCgroup(context, store, record, late.cgroup);
    assert.deepEqual(late.done, ['delete'], 'on its way out');
    const { done, cgroup } = cgroupWith([8, 9]);
    await clearCgroup(context, store, record, cgroup);
    assert.deepEqual(done, []);
    assert.deepEqual(warned, ['cgroup "/cg/c", stays: processes 8, 9 in it are not of container "c"']);
  }));

test('a pid namespace that it joined outlives it: what it started there is killed', () => {
  const joined = { linux: { namespaces: [{ type: 'pid', path: '/proc/1/ns/pid' }] } };
  return withContainers([{ id: 'c', config: joined }], async (context, store) => {
    const { done, cgroup } = cgroupWith([8]);
    await clearCgroup(context, store, recordOf('c', { init, namespaces: ['pid'] }), cgroup);
    assert.deepEqual(done, ['kill 9', 'delete']);
  });
});

test('where the config cannot be read, nobody is killed who might be another’s', async () => {
  for (const kept of [{ id: 'c' }, { id: 'c', config: '{' }])
    await withContainers([kept], async (context, store) => {
      const { done, cgroup } = cgroupWith([8]);
      await clearCgroup(context, store, recordOf('c', { init, namespaces: ['pid'] }), cgroup);
      assert.deepEqual(done, []);
    });
});

test('of a container whose init nobody knows, its processes are killed whatever its namespaces', () =>
  withContainers([{ id: 'c', ...ownPids }], async (context, store) => {
    const { done, cgroup } = cgroupWith([8]);
    await clearCgroup(context, store, recordOf('c', { namespaces: ['pid'] }), cgroup);
    assert.deepEqual(done, ['kill 9', 'delete']);
  }));

test('what another container has as well is not killed, and it says which that is', () =>
  withContainers([{ id: 'c' }, { id: 'pod', cgroup: at('/cg/c') }], async (context, store, warned) => {
    const { done, cgroup } = cgroupWith([8]);
    await clearCgroup(context, store, recordOf('c', { init }), cgroup);
    assert.deepEqual(done, []);
    assert.match(warned[0] ?? '', /^cgroup "\/cg\/c", which container "pod" has as well, stays: processes 8/);
  }));

test('sharersOf() are containers at, above and below; not those that only begin alike', () =>
  withContainers(
    [
      { id: 'same', cgroup: at('/cg/a/c') },
      { id: 'above', cgroup: at('/cg/a') },
      { id: 'below', cgroup: at('/cg/a/c/d') },
      { id: 'alike', cgroup: at('/cg/a/c2') },
      { id: 'v1', cgroup: at('/cg/z', '/v1/a/c') },
      { id: 'none' },
      { id: 'own', cgroup: at('/cg/a/c') },
    ],
    (_context, store) => {
      assert.deepEqual(sharersOf(store, 'own', at('/cg/a/c')), ['above', 'below', 'same']);
      assert.deepEqual(sharersOf(store, 'own', at('/cg/q', '/v1/a/c')), ['v1']);
    },
  ));

test('a container whose record is damaged shares a cgroup all the same, where that is known', () =>
  withContainers([{ id: 'hurt' }], ({ root }, store) => {
    const damaged = { ...recordOf('hurt', { cgroup: at('/cg/c') }), created: 7 };
    writeFileSync(`${root}/hurt/state.json`, JSON.stringify(damaged));
    assert.throws(() => store.read('hurt'), /damaged/);
    assert.deepEqual(sharersOf(store, 'own', at('/cg/c')), ['hurt']);
  }));

test('directoriesOf() are those of all hierarchies, the unified one last', () => {
  assert.deepEqual(directoriesOf(at('/cg/c', '/v1/c')), ['/v1/c', '/cg/c']);
  assert.deepEqual(directoriesOf({ ...at(), unified: undefined }), []);
});

test.run();
