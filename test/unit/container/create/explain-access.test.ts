import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { explainAccess } from '../../../../src/container/create/explain-access.ts';
import { Failure } from '../../../../src/failure.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';

const test = suite('explain-access');

const config: Config = {
  ociVersion: '1.3.0',
  linux: {
    namespaces: [{ type: 'user' }],
    uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 2000, size: 10 }],
  },
};

type Place = Pick<FileStatus, 'uid' | 'gid' | 'mode'>;
const open: Place = { uid: 0, gid: 0, mode: 0o755 };

/** The hint for a refusal below /srv/b/rootfs where the directories are like these, and others open to all. */
function hintFor(places: Readonly<Record<string, Place | string>>, about = config): string | undefined {
  const { native } = fakeHost({
    status: (path) => {
      const found = places[path] ?? (path === '/srv/b/rootfs' ? { ...open, uid: 1000 } : open);
      if (typeof found === 'string') throw systemError(found, path);
      return found as FileStatus;
    },
  });
  const error = new Failure('system', 'mount: EACCES', { errno: 'EACCES' });
  const told = explainAccess(native, about, '/srv/b/rootfs', error);
  assert.equal(told, error, 'the very failure');
  return error.hint;
}

test('names the outermost directory that keeps the container’s root out, and what would let it in', () => {
  const closed = { uid: 0, gid: 0, mode: 0o700 };
  const hint = hintFor({ '/srv': closed, '/srv/b': closed });
  assert.match(
    hint ?? '',
    /^"\/srv" does not let user 1000 of the host, who is the container's root, in: chmod o\+x \/srv,/,
  );
});

test('the owner’s bits count for the owner, the group’s for the group, the last for others', () => {
  const seen = (uid: number, gid: number, mode: number) =>
    hintFor({ '/srv': { uid, gid, mode } })?.startsWith('"/srv"') === true;
  assert.equal(seen(1000, 0, 0o100), false);
  assert.equal(seen(1000, 2000, 0o011), true, 'the owner has no other bits than the owner’s');
  assert.equal(seen(0, 2000, 0o010), false);
  assert.equal(seen(0, 2000, 0o101), true);
  assert.equal(seen(0, 0, 0o001), false);
  assert.equal(seen(0, 0, 0o110), true);
});

test('a root filesystem whose owner the user namespace does not know', () => {
  const hint = hintFor({ '/srv/b/rootfs': { ...open, uid: 0 } });
  assert.match(hint ?? '', /belongs to user 0 of the host, whom the user namespace does not know/);
  assert.match(hint ?? '', /chown -R 1000:2000 \/srv\/b\/rootfs/);
  assert.equal(hintFor({ '/srv/b/rootfs': { ...open, uid: 1009 } }), undefined);
  assert.match(hintFor({ '/srv/b/rootfs': { ...open, uid: 1010 } }) ?? '', /belongs to user 1010/);
});

test('what cannot be looked at is passed over', () => {
  assert.equal(hintFor({ '/srv': 'EACCES', '/srv/b/rootfs': 'ELOOP' }), undefined);
  assert.throws(() => hintFor({ '/srv': 'EIO' }), /EIO/);
});

test('says nothing without a new user namespace and who its root is', () => {
  const linux = config.linux ?? {};
  const closed = { '/srv': { uid: 0, gid: 0, mode: 0 } };
  const without: Config[] = [
    { ...config, linux: { ...linux, namespaces: [] } },
    { ...config, linux: { ...linux, namespaces: [{ type: 'user', path: '/proc/1/ns/user' }] } },
    { ...config, linux: { ...linux, uidMappings: [{ containerID: 1, hostID: 5, size: 1 }] } },
    { ...config, linux: { ...linux, gidMappings: [] } },
  ];
  for (const each of without) assert.equal(hintFor(closed, each), undefined);
});

test('other errors, and those that say already what to do, are left alone', () => {
  const { native } = fakeHost({});
  const others = [
    new TypeError('ours'),
    new Failure('system', 'x', { errno: 'EPERM' }),
    new Failure('system', 'x', { errno: 'EACCES', hint: 'Known' }),
  ];
  for (const error of others) assert.equal(explainAccess(native, config, '/srv/b/rootfs', error), error);
});

test.run();
