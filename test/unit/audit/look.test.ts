import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { lookAt } from '../../../src/audit/look.ts';
import type { FileStatus } from '../../../src/host/native.ts';
import { systemError } from '../cgroup/fake-files.ts';

const test = suite('lookAt()');

const status = { mode: 0o104755, uid: 7, gid: 0, size: 0, major: 0, minor: 0, dev: 0, ino: 0 };

/** A host where each path is a link to the same below /real. */
function host(statusOf: (path: string, follow: boolean) => FileStatus | undefined) {
  return { status: statusOf, realPath: (path: string) => `/real${path}` };
}

test('links are followed: the file at their end, where it really is, with its permission bits alone', () => {
  const asked: unknown[] = [];
  const look = lookAt(
    host((path, follow) => {
      asked.push([path, follow]);
      return status;
    }),
  );
  assert.deepEqual(look('/usr/bin/sudo'), { path: '/real/usr/bin/sudo', kind: 'file', uid: 7, mode: 0o4755 });
  assert.deepEqual(asked, [['/usr/bin/sudo', true]]);
});

test('the kind of a file', () => {
  const kindOf = (mode: number) => lookAt(host(() => ({ ...status, mode })))('/x')?.kind;
  assert.deepEqual([0o140777, 0o060660, 0o040755, 0o010644].map(kindOf), [
    'socket',
    'block device',
    'directory',
    'other',
  ]);
});

test('what is not there, or may not be seen, is nothing; our own mistakes stay mistakes', () => {
  assert.equal(lookAt(host(() => undefined))('/x'), undefined);
  const refused = host((path) => {
    throw systemError('EACCES', path);
  });
  assert.equal(lookAt(refused)('/root/x'), undefined);
  const gone = {
    ...host(() => status),
    realPath: (path: string) => {
      throw systemError('ENOENT', path);
    },
  };
  assert.equal(lookAt(gone)('/x'), undefined, 'it went between the two calls');
  const wrong = host(() => {
    throw new TypeError('a slip');
  });
  assert.throws(() => lookAt(wrong)('/x'), /a slip/);
});

test.run();
