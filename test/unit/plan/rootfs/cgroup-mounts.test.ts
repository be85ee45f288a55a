import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { HostFacts } from '../../../../src/plan/facts.ts';
import type { Mount } from '../../../../src/spec/config.ts';
import {
  configOf,
  mapping,
  namespacesOf,
  operationsOf,
  planOf,
  rootFacts,
  rootlessFacts,
} from '../support.ts';

const test = suite('sealCgroups()');

const sys: Mount = { destination: '/sys', source: '/sys', options: ['rbind', 'ro'] };
const cgroups: Mount = { destination: '/sys/fs/cgroup/', type: 'cgroup' };
const insideUser: HostFacts = { ...rootFacts, makesDevices: false };

/** Whether /sys/fs/cgroup is made read-only at the end, and because of which mount. */
function sealed(facts: HostFacts, mounts: readonly Mount[], ...namespaces: readonly string[]) {
  const config = configOf((each) => {
    each.linux.namespaces = namespacesOf('mount', 'user', ...namespaces);
    each.linux.uidMappings = mapping(1000, 1);
    each.linux.gidMappings = mapping(1000, 1);
    each.linux.readonlyPaths = [];
    each.mounts = structuredClone(mounts) as never;
  });
  return operationsOf(planOf(config, facts), 'readonly-path').map(({ from, path }) => `${from} ${path}`);
}

const rows: Readonly<Record<string, readonly [string[], HostFacts, readonly Mount[], ...string[]]>> = {
  'an ordinary user, the host’s /sys': [['/mounts/0 /sys/fs/cgroup'], rootlessFacts, [sys]],
  'the same with a cgroup namespace, which changes nothing about it': [
    ['/mounts/0 /sys/fs/cgroup'],
    rootlessFacts,
    [sys],
    'cgroup',
  ],
  'an ordinary user, cgroups without a namespace': [
    ['/mounts/1 /sys/fs/cgroup'],
    rootlessFacts,
    [sys, cgroups],
  ],
  'root of a user’s namespace, cgroups without a namespace': [
    ['/mounts/0 /sys/fs/cgroup'],
    insideUser,
    [cgroups],
  ],
  'cgroup2 by its own name': [['/mounts/0 /sys/fs/cgroup'], rootlessFacts, [{ ...cgroups, type: 'cgroup2' }]],
  'a private namespace over the host’s /sys': [[], rootlessFacts, [sys, cgroups], 'cgroup'],
  'another filesystem over it': [[], rootlessFacts, [sys, { destination: '/sys/fs', type: 'tmpfs' }]],
  'no cgroups at all': [[], rootlessFacts, [{ destination: '/proc', type: 'proc' }]],
  'root of the machine': [[], rootFacts, [cgroups]],
};
for (const [name, [expected, ...given]] of Object.entries(rows)) {
  test(name, () => assert.deepEqual(sealed(...given), expected));
}

test.run();
