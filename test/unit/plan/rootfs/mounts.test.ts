import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Mount } from '../../../../src/spec/config.ts';
import { mountAttribute as attribute, propagationType } from '../../../../src/spec/kernel-flags.ts';
import { assertRefused } from '../../refusal.ts';
import { configOf, mapping, namespacesOf, operationsOf, planOf, rootlessFacts } from '../support.ts';

const test = suite('mounts');

const planWith = (...mounts: readonly Mount[]) => planOf({ ...configOf(), mounts });

const allowedInProc: readonly Mount[] = [
  { destination: '/proc', type: 'proc' },
  { destination: '/proc/', type: 'proc', options: ['ro'] },
  { destination: '/proc', source: '/proc', options: ['rbind'] },
  { destination: '/proc/cpuinfo', source: '/lxcfs/cpuinfo', options: ['bind'] },
  { destination: '/proc/./net/dev', source: '/x', type: 'bind' },
  { destination: '/process', type: 'tmpfs' },
  { destination: '/my/proc', type: 'tmpfs' },
];
for (const mount of allowedInProc) {
  test(`guardProc() lets ${mount.destination} be ${mount.type ?? 'a bind mount'}`, () => {
    planWith(mount);
  });
}

const refusedInProc: readonly Mount[] = [
  { destination: '/proc', type: 'tmpfs' },
  { destination: '/x/../proc', type: 'tmpfs' },
  { destination: '/proc/', source: '/', options: ['bind'] },
  { destination: '//proc//self', type: 'tmpfs' },
  { destination: '/proc/sys', type: 'proc' },
  { destination: '/proc/self/attr', source: '/x', options: ['rbind'] },
  { destination: '/proc/cpuinfo', type: 'tmpfs' },
  { destination: '/proc/cpuinfo/x', source: '/x', options: ['bind'] },
];
for (const mount of refusedInProc) {
  test(`guardProc() refuses ${mount.destination} as ${mount.type ?? `bind of ${mount.source}`}`, () => {
    assertRefused(() => planWith({ destination: '/', type: 'x' }, mount), 'invalid', '/mounts/1', /\/proc/);
  });
}

test('a mount without a type that binds nothing is refused', () => {
  assertRefused(() => planWith({ destination: '/x' }), 'invalid', '/mounts/0/type', /needs a type/);
  assertRefused(() => planWith({ destination: '/x', type: 'none' }), 'invalid', '/mounts/0/type', /"\/x"/);
});

test('a bind mount without a source is refused', () =>
  assertRefused(
    () => planWith({ destination: '/x', options: ['bind'] }),
    'invalid',
    '/mounts/0/source',
    /needs a source/,
  ));

test('a bind mount is a slave of the host unless it says otherwise, or the root is shared', () => {
  const mount = { destination: '/x', source: '/y', options: ['bind'] };
  const propagations = (config: Parameters<typeof planOf>[0]) =>
    operationsOf(planOf(config), 'bind').map((bind) => [bind.propagation, bind.propagationRecursive]);
  const config = { ...configOf(), mounts: [mount] };
  assert.deepEqual(propagations(config), [[propagationType.slave, true]]);
  assert.deepEqual(propagations({ ...config, mounts: [{ ...mount, options: ['bind', 'private'] }] }), [
    [propagationType.private, false],
  ]);
  assert.deepEqual(propagations({ ...config, linux: { ...config.linux, rootfsPropagation: 'rshared' } }), [
    [0, false],
  ]);
});

test('a read-only tmpfs is sealed after what is made below it; others at once', () => {
  const plan = planWith(
    { destination: '/a', type: 'tmpfs', options: ['ro'] },
    { destination: '/b', type: 'sysfs', options: ['ro'] },
    { destination: '/c', type: 'tmpfs', options: ['ro', 'rw'] },
  );
  assert.deepEqual(
    operationsOf(plan, 'mount').map(({ target, attributes, options }) => [target, attributes, options]),
    [
      ['/a', 0, []],
      ['/b', attribute.rdonly, []],
      ['/c', 0, []],
    ],
  );
  assert.deepEqual(
    operationsOf(plan, 'remount').map(({ target, set, phase }) => [target, set, phase]),
    [['/a', attribute.rdonly, 'confine']],
  );
});

test('a relative source is one of the bundle', () => {
  const plan = planWith({ destination: '/x', source: './data', options: ['rbind'] });
  const [, tree] = operationsOf(plan, 'open-tree');
  assert.deepEqual([tree?.path, tree?.recursive], ['/bundle/./data', true]);
});

test("what the kernel makes only for a namespace's owner may be the host's, where the namespace is", () => {
  const mounts = [
    { destination: '/sys', type: 'sysfs', options: ['ro'] },
    { destination: '/sys2', type: 'sysfs', options: [] },
    { destination: '/queue', type: 'mqueue' },
    { destination: '/proc', type: 'proc' },
    { destination: '/tmp', type: 'tmpfs' },
  ];
  const instead = (types: readonly string[]) => {
    const config = configOf((each) => {
      each.linux.namespaces = ['mount', ...types].map((type) => ({ type }) as never);
    });
    return operationsOf(planOf({ ...config, mounts }), 'mount').map((each) => each.instead);
  };
  assert.deepEqual(instead([]), ['/sys', '', '/dev/mqueue', '/proc', '']);
  assert.deepEqual(instead(['network', 'ipc', 'pid']), ['', '', '', '', '']);
});

test('mountLabel is the context of filesystems in memory where SELinux is on, unless they have one', () => {
  const mounts = [
    { destination: '/a', type: 'tmpfs' },
    { destination: '/b', type: 'tmpfs', options: ['context=own'] },
    { destination: '/proc', type: 'proc' },
  ];
  const config = { ...configOf((each) => (each.linux.mountLabel = 'label')), mounts };
  const contexts = (selinux: boolean) =>
    operationsOf(planOf(config, { selinux }), 'mount').map(({ options }) => options);
  assert.deepEqual(contexts(true), [['context=label'], ['context=own'], []]);
  assert.deepEqual(contexts(false), [[], ['context=own'], []]);
});

const inUserNamespace = (...mounts: readonly Mount[]) =>
  configOf((config) => {
    config.linux.namespaces = namespacesOf('mount', 'user');
    config.linux.uidMappings = mapping(1000);
    config.linux.gidMappings = mapping(2000);
    config.mounts = structuredClone(mounts) as never;
  });

test('idmap takes the container’s mappings, ridmap the tree as well', () => {
  for (const [option, recursive] of [
    ['idmap', false],
    ['ridmap', true],
  ] as const) {
    const plan = planOf(inUserNamespace({ destination: '/x', source: '/y', options: ['rbind', option] }));
    const [namespace] = operationsOf(plan, 'make-user-namespace');
    assert.deepEqual([namespace?.uidMap, namespace?.gidMap], ['0 1000 65536\n', '0 2000 65536\n']);
    assert.equal(operationsOf(plan, 'map-tree')[0]?.recursive, recursive);
  }
});

test('a mount’s own mappings come first, and need no user namespace', () => {
  const own = { uidMappings: mapping(7, 1), gidMappings: mapping(8, 1) };
  const mount = { destination: '/x', source: '/y', options: ['bind'], ...own };
  for (const config of [inUserNamespace(mount), { ...configOf(), mounts: [mount] }]) {
    const plan = planOf(config);
    const [namespace] = operationsOf(plan, 'make-user-namespace');
    assert.deepEqual([namespace?.uidMap, namespace?.gidMap], ['0 7 1\n', '0 8 1\n']);
    // It is mapped on the host, before anything else happens to it.
    assert.ok(operationsOf(plan, 'map-tree').every(({ phase }) => phase === 'prepare'));
  }
});

test('idmap in a joined user namespace takes that one', () => {
  const plan = planOf(
    configOf((config) => {
      config.linux.namespaces = namespacesOf('mount', 'user:/n/u');
      config.mounts = [{ destination: '/x', source: '/y', options: ['bind', 'idmap'] }];
    }),
  );
  assert.equal(operationsOf(plan, 'open-namespace')[0]?.path, '/n/u');
  assert.deepEqual(operationsOf(plan, 'make-user-namespace'), []);
});

const idmapRefusals: Readonly<Record<string, readonly [Mount, string, RegExp]>> = {
  'no mappings anywhere': [
    { destination: '/x', source: '/y', options: ['bind', 'idmap'] },
    'invalid',
    /needs uidMappings and gidMappings/,
  ],
  'one mapping of two': [
    { destination: '/x', source: '/y', options: ['bind'], uidMappings: mapping(1) },
    'invalid',
    /needs uidMappings and gidMappings/,
  ],
  'not a bind mount': [
    { destination: '/x', type: 'tmpfs', options: ['idmap'] },
    'unsupported',
    /only bind mounts/,
  ],
};
for (const [name, [mount, code, words]] of Object.entries(idmapRefusals)) {
  test(`an idmapped mount is refused: ${name}`, () =>
    assertRefused(() => planWith(mount), code, '/mounts/0', words));
}

test('an ordinary user cannot map a mount', () =>
  assertRefused(
    () =>
      planOf(inUserNamespace({ destination: '/x', source: '/y', options: ['bind', 'idmap'] }), rootlessFacts),
    'unsupported',
    '/mounts/0',
    /ordinary user/,
  ));

test('linux.mountLabel goes by the mount option that an annotation names, and once', () => {
  const optionsOf = (annotations: Record<string, string>, options: string[] = []) => {
    const config = configOf((changed) => (changed.linux.mountLabel = 'l:a:b'));
    const mounts = [{ destination: '/x', type: 'tmpfs', source: 'tmpfs', options }];
    const plan = planOf({ ...config, mounts, annotations }, { selinux: true });
    return operationsOf(plan, 'mount').find(({ from }) => from === '/mounts/0')?.options;
  };
  assert.deepEqual(optionsOf({}), ['context=l:a:b']);
  for (const kind of ['context', 'fscontext', 'defcontext', 'rootcontext']) {
    const annotations = { 'run.oci.mount_context_type': kind };
    assert.deepEqual(optionsOf(annotations), [`${kind}=l:a:b`]);
    assert.deepEqual(optionsOf(annotations, [`${kind}=own`]), [`${kind}=own`]);
  }
});

test.run();
