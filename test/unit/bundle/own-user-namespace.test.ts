import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type CallerIds, withOwnUserNamespace } from '../../../src/bundle/own-user-namespace.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import type { Config } from '../../../src/spec/config.ts';
import { configOf } from '../plan/support.ts';

const test = suite('withOwnUserNamespace()');

const ids = [{ first: 100_000, count: 65_536 }];
const caller: CallerIds = { uid: 1000, gid: 1001, uids: ids, gids: ids };
const alone: CallerIds = { uid: 1000, gid: 1001, uids: [], gids: [] };

const withUser = (uid: number, gid: number): Config =>
  configOf((config) => (config.process.user = { uid, gid }));

/** The lines of a map, as newuidmap(1) takes them. */
function lines(
  config: Config,
  who: Partial<CallerIds> = {},
  map: 'uidMappings' | 'gidMappings' = 'uidMappings',
) {
  const completed = withOwnUserNamespace(config, { ...caller, ...who });
  if (completed === undefined) throw new Error('nothing was added');
  // What was made must be a config that this runtime takes.
  checkConfig(completed.config, { name: 'config' });
  return completed.config.linux?.[map]?.map(({ containerID, hostID, size }) => [containerID, hostID, size]);
}

test('root of the container is the caller, others are subordinate ids', () => {
  assert.deepEqual(lines(withUser(0, 0)), [
    [0, 1000, 1],
    [1, 100_000, 65_536],
  ]);
  const { process: _process, ...without } = withUser(0, 0);
  assert.deepEqual(lines(without), lines(withUser(0, 0)));
});

test('the user of the process is the caller, wherever it is among the others', () => {
  const config = withUser(33, 34);
  assert.deepEqual(lines(config), [
    [0, 100_000, 33],
    [33, 1000, 1],
    [34, 100_033, 65_503],
  ]);
  assert.deepEqual(lines(config, {}, 'gidMappings'), [
    [0, 100_000, 34],
    [34, 1001, 1],
    [35, 100_034, 65_502],
  ]);
  assert.deepEqual(lines(withUser(65_536, 0)), [
    [0, 100_000, 65_536],
    [65_536, 1000, 1],
  ]);
  assert.deepEqual(lines(withUser(90_000, 0)), [
    [0, 100_000, 65_536],
    [90_000, 1000, 1],
  ]);
});

test('several ranges follow one another, and no id of the host is mapped twice', () => {
  const uids = [
    { first: 5000, count: 10 },
    { first: 990, count: 20 },
    { first: 5005, count: 10 },
  ];
  assert.deepEqual(lines(withUser(12, 0), { uids }), [
    [0, 5000, 10],
    [10, 990, 2],
    [12, 1000, 1],
    [13, 992, 8],
    [21, 1001, 9],
    [30, 5010, 5],
  ]);
});

test('not more than the kernel takes: 340 lines, and less than a page of text', () => {
  const uids = Array.from({ length: 1000 }, (_, index) => ({ first: 4_200_000_000 + 10 * index, count: 5 }));
  for (const own of [0, 3, 4_000_000_000]) {
    const map = lines(withUser(own, 0), { uids }) ?? [];
    assert.ok(map.length > 100 && map.length <= 340);
    assert.ok(map.map((line) => `${line.join(' ')}\n`).join('').length < 4096);
  }
});

test('without subordinate ids there is one user, and options that name another group are left out', () => {
  const { config, added } = withOwnUserNamespace(withUser(33, 34), alone) ?? {};
  assert.deepEqual(config?.linux?.uidMappings, [{ containerID: 33, hostID: 1000, size: 1 }]);
  assert.deepEqual(config?.linux?.gidMappings, [{ containerID: 34, hostID: 1001, size: 1 }]);
  const options = config?.mounts?.find(({ type }) => type === 'devpts')?.options;
  assert.ok(options?.includes('ptmxmode=0666') && !options.includes('gid=5'));
  assert.equal(added?.length, 4);
  assert.match(added?.at(-1) ?? '', /^mounts\[2\]\.options: gid=5 was left out/);
  const kept = withOwnUserNamespace(withUser(0, 0), caller);
  assert.ok(kept?.config.mounts?.some((mount) => mount.options?.includes('gid=5')));
  assert.equal(kept?.added.length, 3);
});

test('everything else stays as it is, the given config too', () => {
  const given = withUser(0, 0);
  const before = JSON.stringify(given);
  const { config } = withOwnUserNamespace(given, caller) ?? {};
  assert.equal(JSON.stringify(given), before);
  assert.deepEqual(config?.process, given.process);
  assert.deepEqual(config?.mounts, given.mounts);
  assert.deepEqual(config?.linux?.namespaces, [...(given.linux?.namespaces ?? []), { type: 'user' }]);
});

test('a config that speaks of user namespaces is left alone', () => {
  const speaking: Config['linux'][] = [
    { namespaces: [{ type: 'user' }] },
    { namespaces: [{ type: 'user', path: '/proc/1/ns/user' }] },
    { uidMappings: [{ containerID: 0, hostID: 5, size: 1 }] },
  ];
  for (const linux of speaking)
    assert.equal(withOwnUserNamespace({ ociVersion: '1.3.0', linux: linux ?? {} }, caller), undefined);
});

test.run();
