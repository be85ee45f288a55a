import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import { cgroupOwner, delegateCgroup, giveCgroup } from '../../../../src/container/create/cgroup-owner.ts';
import type { Context } from '../../../../src/container/types.ts';
import type { Config } from '../../../../src/spec/config.ts';

const test = suite('cgroup owner');

const mount = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' };

/** A config that hands its cgroup over, changed. */
function config({
  mounts = [mount],
  linux = {},
  uid = 7,
}: {
  mounts?: Config['mounts'];
  linux?: object;
  uid?: number;
}): Config {
  return {
    ociVersion: '1.3.0',
    process: { cwd: '/', user: { uid, gid: 0 } },
    mounts: mounts ?? [],
    linux: {
      namespaces: [{ type: 'cgroup' }, { type: 'user' }],
      uidMappings: [
        { containerID: 0, hostID: 1000, size: 5 },
        { containerID: 5, hostID: 90_000, size: 10 },
      ],
      ...linux,
    },
  } as Config;
}

test('cgroupOwner() is the process’s user as the host numbers it', () => {
  assert.equal(cgroupOwner(config({})), 90_002);
  assert.equal(cgroupOwner(config({ uid: 0 })), 1000);
  assert.equal(cgroupOwner(config({ uid: 4 })), 1004);
  assert.equal(cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup' }] } })), 7);
});

test('cgroupOwner() leaves a cgroup alone that the container cannot manage', () => {
  assert.equal(cgroupOwner(config({ mounts: [] })), undefined);
  for (const options of [['ro'], ['rro'], ['rw', 'ro']])
    assert.equal(cgroupOwner(config({ mounts: [{ ...mount, options }] })), undefined, options.join());
  assert.equal(cgroupOwner(config({ mounts: [{ ...mount, options: ['ro', 'rw'] }] })), 90_002);
  assert.equal(cgroupOwner(config({ mounts: [{ ...mount, destination: '/cgroup' }] })), undefined);
  assert.equal(cgroupOwner(config({ linux: { namespaces: [{ type: 'user' }] } })), undefined);
  assert.equal(
    cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup', path: '/x' }, { type: 'user' }] } })),
    undefined,
  );
});

test('cgroupOwner() does not guess: a joined user namespace, an id without a map', () => {
  assert.equal(
    cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup' }, { type: 'user', path: '/x' }] } })),
    undefined,
  );
  assert.equal(cgroupOwner(config({ uid: 15 })), undefined);
});

/** What happens to a cgroup, in order. */
function told(
  work: typeof giveCgroup,
  delegated: string | undefined,
  given: Config,
  rootless = false,
): string[] {
  const journal: string[] = [];
  const cgroup = {
    saved: { delegated },
    giveTo: (uid: number) => journal.push(`give ${uid}`),
    handOver: () => journal.push('hand over'),
  };
  work({ rootless } as Context, cgroup as unknown as Cgroup, given);
  return journal;
}

test('what is delegated by an annotation is the container’s root’s, whatever it mounts', () => {
  const without = config({ mounts: [] });
  assert.deepEqual(told(giveCgroup, undefined, without), []);
  assert.deepEqual(told(giveCgroup, '/u/c/d', without), ['give 1000']);
  assert.deepEqual(told(giveCgroup, '/u/c/d', config({})), ['give 90002'], 'the config asks for more');
  assert.deepEqual(told(giveCgroup, '/u/c/d', without, true), []);
  assert.deepEqual(told(giveCgroup, '/u/c/d', config({ mounts: [], linux: { namespaces: [] } })), []);
});

test('delegateCgroup() hands over what there is, and gives the files that came', () => {
  assert.deepEqual(told(delegateCgroup, undefined, config({})), []);
  assert.deepEqual(told(delegateCgroup, '/u/c/d', config({ mounts: [] })), ['hand over', 'give 1000']);
});

test.run();
