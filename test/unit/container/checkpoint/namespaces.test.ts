import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { externalNamespaces, namespacesToJoin } from '../../../../src/container/checkpoint/namespaces.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import type { Config, Namespace } from '../../../../src/spec/config.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('namespaces of checkpoints');

const config = (...namespaces: Namespace[]): Config => ({ ociVersion: '1.3.0', linux: { namespaces } });

test('externalNamespaces() are those of others, as the process has them', () => {
  const inodes: Readonly<Record<string, number>> = { '/proc/7/ns/net': 40, '/proc/7/ns/pid': 50 };
  const { native } = fakeHost({
    status: (path, follow) => {
      assert.ok(follow, 'the link itself has another inode');
      const ino = inodes[path];
      return ino === undefined ? undefined : ({ ino } as FileStatus);
    },
  });
  const of = (...namespaces: Namespace[]) => externalNamespaces(native, config(...namespaces), 7);
  const net: Namespace = { type: 'network', path: '/n' };
  assert.deepEqual(of(net, { type: 'pid', path: '/p' }), ['net[40]:extRootNetNS', 'pid[50]:extRootPidNS']);
  assert.deepEqual(of({ type: 'network' }, { type: 'pid' }), [], 'its own are in the images');
  assert.deepEqual(externalNamespaces(native, config(net), 8), [], 'gone');
});

test('namespacesToJoin() tells those to open from those that CRIU joins by path', () => {
  const all = config(
    { type: 'network', path: '/n' },
    { type: 'pid' },
    { type: 'ipc', path: '/i' },
    { type: 'uts', path: '/u' },
    { type: 'cgroup', path: '/c' },
  );
  assert.deepEqual(namespacesToJoin(all), {
    inherited: [{ key: 'extRootNetNS', path: '/n' }],
    joined: [
      { ns: 'ipc', ns_file: '/i' },
      { ns: 'uts', ns_file: '/u' },
    ],
  });
});

test('namespacesToJoin() refuses a mount namespace of others', () => {
  assertRefused(
    () => namespacesToJoin(config({ type: 'mount', path: '/m' })),
    'unsupported',
    undefined,
    /mount namespace of others/,
  );
  namespacesToJoin(config({ type: 'mount' }));
});

test.run();
