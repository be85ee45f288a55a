import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { deviceChanges, type FoundDevice } from '../../../../src/container/devices/changes.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Config, Device } from '../../../../src/spec/config.ts';

const test = suite('deviceChanges()');

const fuse = { type: 'c', major: 10, minor: 229 } as const;
const found = (path: string | undefined, numbers: FoundDevice['numbers'] = fuse): FoundDevice => ({
  text: `${path}`,
  numbers,
  path,
  source: '/dev/fuse',
  access: 'rw',
  owner: { fileMode: 0o600, uid: 0, gid: 5 },
});
const configOf = (devices: readonly Device[] = [], mounts: Config['mounts'] = []): Config => ({
  ociVersion: '1.3.0',
  mounts,
  linux: { devices },
});
const rule = { allow: true, ...fuse, access: 'rw' };
const node: Device = { path: '/dev/mine', ...fuse, fileMode: 0o600, uid: 0, gid: 5 };

const refused = (act: () => unknown, message: RegExp) =>
  assert.throws(act, (error: unknown) => error instanceof Failure && message.test(error.message));

test('adds the rule, the node and the entry', () => {
  assert.deepEqual(deviceChanges(configOf(), [], [found('/dev//mine')], []), {
    rules: [rule],
    nodes: [{ change: 'add', device: node, source: '/dev/fuse' }],
    devices: [node],
    warnings: [],
  });
  assert.deepEqual(deviceChanges(configOf(), [], [found(undefined)], []), {
    rules: [rule],
    nodes: [],
    devices: [],
    warnings: [],
  });
});

test('one that is there needs no node; another in its place is refused', () => {
  assert.deepEqual(deviceChanges(configOf([node]), [], [found('/dev/mine')], []).nodes, []);
  const other = { type: 'b', major: 7, minor: 0 } as const;
  refused(() => deviceChanges(configOf([node]), [], [found('/dev/mine', other)], []), /is c:10:229 already/);
  refused(() => deviceChanges(configOf(), [], [found('/dev/null')], []), /"\/dev\/null" .* is c:1:3 already/);
  refused(
    () => deviceChanges(configOf(), [], [found('/dev/mine'), found('/dev/mine', other)], []),
    /is c:10:229 already/,
  );
});

test('removes by path, and by numbers all of that device', () => {
  const none = { rules: [], devices: [], warnings: [] };
  const gone = { ...none, nodes: [{ change: 'remove', device: node, source: undefined }] };
  for (const words of ['/dev/mine', '/dev/./mine', 'c:10:229', 'u:10:229', 'c:010:0229'])
    assert.deepEqual(deviceChanges(configOf([node]), [rule], [], [words]), gone, words);
  // The rule of a device that has no node.
  assert.deepEqual(deviceChanges(configOf(), [rule], [], ['c:10:229']), { ...none, nodes: [] });
});

test('the rule goes with the last node of its device', () => {
  const twin: Device = { ...node, path: '/dev/twin', type: 'u' };
  const one = deviceChanges(configOf([node, twin]), [rule], [], ['/dev/mine']);
  assert.deepEqual([one.rules, one.devices, one.nodes.length], [[rule], [twin], 1]);
  assert.equal(one.warnings.length, 1);
  assert.match(
    one.warnings[0] ?? '',
    /"\/dev\/mine" goes, .*: \/dev\/twin is the same \(--device-rm c:10:229 /,
  );
  for (const all of [['c:10:229'], ['/dev/mine', '/dev/twin']]) {
    const { rules, devices, nodes } = deviceChanges(configOf([node, twin]), [rule], [], all);
    assert.deepEqual([rules, devices, nodes.length], [[], [], 2]);
  }
});

test('a pipe goes by its path, and no rule with it', () => {
  const pipe: Device = { path: '/dev/pipe', type: 'p' };
  const numbered: Device = { path: '/dev/pipe', type: 'p', major: 10, minor: 229 };
  for (const device of [pipe, numbered])
    assert.deepEqual(deviceChanges(configOf([device, node]), [rule], [], ['/dev/pipe']), {
      rules: [rule],
      devices: [node],
      nodes: [{ change: 'remove', device, source: undefined }],
      warnings: [],
    });
  assert.deepEqual(deviceChanges(configOf([numbered]), [rule], [], ['c:10:229']).devices, [numbered]);
});

test('takes away before it adds, so that a place may change hands', () => {
  const other = { type: 'b', major: 7, minor: 0 } as const;
  const { nodes, devices } = deviceChanges(
    configOf([node]),
    [rule],
    [found('/dev/mine', other)],
    ['/dev/mine'],
  );
  assert.deepEqual(
    nodes.map(({ change, device }) => `${change} ${device.major}`),
    ['remove 10', 'add 7'],
  );
  assert.equal(devices.length, 1);
});

test('what is not there, and what every container has, is not removed', () => {
  refused(() => deviceChanges(configOf(), [], [], ['/dev/none']), /has no device "\/dev\/none"/);
  refused(() => deviceChanges(configOf(), [], [], ['mine']), /has no device "mine"/);
  for (const words of [
    'c:1',
    'c:9999999:0',
    'c:4096:0',
    'b:0:1048576',
    'c:1:3:rw',
    'c:-1:3',
    'c:1e3:0',
    'c:*:3',
  ])
    refused(
      () => deviceChanges(configOf(), [], [], [words]),
      /--device-rm: "[bc]:[^"]*" has no numbers of a device: 0 to 4095, and 0 to 1048575/,
    );
  deviceChanges(configOf(), [], [], ['b:4095:1048575']);
  refused(() => deviceChanges(configOf(), [], [], ['c:1:3']), /"c:1:3" is a device that every container has/);
});

test('one more node of a device that every container has goes, and the rules stay', () => {
  const zero: Device = { path: '/dev/nil', type: 'c', major: 1, minor: 5 };
  const { rules, nodes, devices } = deviceChanges(configOf([zero]), [rule], [], ['/dev/nil']);
  assert.deepEqual(rules, [rule]);
  assert.deepEqual([nodes.length, devices.length], [1, 0]);
});

test('a /dev that the caller brought is left as it is', () => {
  const config = configOf([], [{ destination: '/dev', source: '/dev', options: ['rbind'] }]);
  const { rules, nodes } = deviceChanges(config, [], [found('/dev/mine'), found('/srv/mine')], []);
  assert.equal(rules.length, 1);
  assert.deepEqual(
    nodes.map(({ device }) => device.path),
    ['/srv/mine'],
  );
});

test.run();
