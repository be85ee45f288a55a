import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../../src/bundle/config.ts';
import { cgroupOwner } from '../../../src/container/cgroup-owner.ts';

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
  assert.is(cgroupOwner(config({})), 90_002);
  assert.is(cgroupOwner(config({ uid: 0 })), 1000);
  assert.is(cgroupOwner(config({ uid: 4 })), 1004);
  assert.is(cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup' }] } })), 7);
});

test('cgroupOwner() leaves a cgroup alone that the container can not manage', () => {
  assert.is(cgroupOwner(config({ mounts: [] })), undefined);
  assert.is(cgroupOwner(config({ mounts: [{ ...mount, options: ['ro'] }] })), undefined);
  assert.is(cgroupOwner(config({ mounts: [{ ...mount, destination: '/cgroup' }] })), undefined);
  assert.is(cgroupOwner(config({ linux: { namespaces: [{ type: 'user' }] } })), undefined);
  assert.is(
    cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup', path: '/x' }, { type: 'user' }] } })),
    undefined,
  );
});

test('cgroupOwner() does not guess: a joined user namespace, an id without a map', () => {
  assert.is(
    cgroupOwner(config({ linux: { namespaces: [{ type: 'cgroup' }, { type: 'user', path: '/x' }] } })),
    undefined,
  );
  assert.is(cgroupOwner(config({ uid: 15 })), undefined);
});

test.run();
