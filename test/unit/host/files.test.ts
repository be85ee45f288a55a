import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { asFailure, ask, askUnless } from '../../../src/host/files.ts';

const test = suite('files');

const systemError = (code: string, path?: string) =>
  Object.assign(new Error(`${code}: refused, open`), {
    code,
    errno: 1,
    syscall: 'open',
    ...(path && { path }),
  });

const throwing = (error: unknown) => () => {
  throw error;
};

function thrown(body: () => unknown): Failure {
  try {
    body();
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error as Failure;
  }
  throw new Error('nothing was thrown');
}

test('ask() gives the answer, and words a refusal of the system', () => {
  assert.equal(
    ask('read', '/x', () => 5),
    5,
  );
  const failure = thrown(() => ask('read the thing', '/x', throwing(systemError('EACCES'))));
  assert.equal(failure.code, 'system');
  assert.equal(failure.errno, 'EACCES');
  assert.equal(failure.message, 'cannot read the thing "/x": EACCES: refused, open');
  assert.match(thrown(() => ask('read', '/x', throwing(systemError('EMFILE')))).hint ?? '', /ulimit -n/);
});

test('ask() leaves other errors as they are', () => {
  const own = new TypeError('a slip of ours');
  assert.throws(
    () => ask('read', '/x', throwing(own)),
    (error: unknown) => error === own,
  );
  const worded = new Failure('invalid', 'worded');
  assert.equal(
    thrown(() => ask('read', '/x', throwing(worded))),
    worded,
  );
});

test('askUnless() takes the answers that it is told of for none', () => {
  assert.equal(askUnless(['ENOENT'], 'read', '/x', throwing(systemError('ENOENT'))), undefined);
  assert.equal(thrown(() => askUnless(['ENOENT'], 'read', '/x', throwing(systemError('EIO')))).errno, 'EIO');
});

test("asFailure() tells the system's refusals from mistakes of ours", () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOSPC', 'EPIPE', 'EACCES', 'EROFS', 'ENAMETOOLONG', 'ENOMEM'])
    assert.equal((asFailure(systemError(code)) as Failure).code, 'system', code);
  assert.equal((asFailure(systemError('EINVAL', '/x')) as Failure).code, 'system');
  for (const ours of [
    systemError('EBADF'),
    systemError('EFAULT'),
    systemError('EINVAL'),
    new TypeError('x'),
    'text',
  ])
    assert.equal(asFailure(ours), ours);
  const worded = new Failure('invalid', 'worded');
  assert.equal(asFailure(worded), worded);
});

test.run();
