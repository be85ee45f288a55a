/** Parts of the shim that fit on a page: its queue, notes, log, address, and what callers are told of errors. */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import type { Native } from '../../../src/host/native.ts';
import { isListened, pathOfAddress, socketDirectory, socketPath } from '../../../src/shim/address.ts';
import { openLog, tell } from '../../../src/shim/log.ts';
import { readText, rootOf } from '../../../src/shim/notes.ts';
import { Queue } from '../../../src/shim/queue.ts';
import { answerError } from '../../../src/shim/task/answer-error.ts';
import { timestampOf } from '../../../src/shim/task/timestamp.ts';
import { codes, StatusError } from '../../../src/shim/ttrpc/status.ts';
import { within } from '../../../src/shim/within.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { pauses } from '../waits.ts';

const test = suite('shim: small things');

const failing = (code: string) => (): never => {
  throw systemError(code, 'x');
};

test('Queue: each piece of work begins when the one before it is over, however that ended', async () => {
  const log: string[] = [];
  const queue = new Queue();
  let finish = (): void => undefined;
  const first = queue.run(async () => {
    log.push('first');
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    log.push('over');
    throw new Error('failed');
  });
  const second = queue.run(async () => log.push('second'));
  await pauses.pause(1);
  assert.deepEqual(log, ['first']);
  finish();
  await assert.rejects(first, /failed/);
  assert.equal(await second, 3);
  assert.deepEqual(log, ['first', 'over', 'second']);
});

/** Events and what is waited for: the test says when a wait is over. */
function waiting() {
  const log: string[] = [];
  let wake = (): void => undefined;
  const native = {
    eventDescriptor: () => 5,
    write: () => {
      log.push('write');
      wake();
    },
    close: (descriptor: number) => void log.push(`close ${descriptor}`),
  } as unknown as Native;
  const readable = (_: readonly number[], milliseconds: number) =>
    new Promise<number[]>((resolve) => {
      log.push(`wait ${milliseconds}`);
      wake = () => resolve([5]);
    });
  return { host: { native, wait: { ...pauses, readable } }, log, timeOut: () => wake() };
}

test('within(): true when it happens in time, also when it fails', async () => {
  for (const what of [Promise.resolve(), Promise.reject(new Error('failed'))]) {
    const { host, log } = waiting();
    assert.equal(await within(host, 70, what), true);
    assert.deepEqual(log, ['wait 70', 'write', 'close 5']);
  }
});

test('within(): false when it does not, and nothing is written to a descriptor that may be another’s by then', async () => {
  const { host, log, timeOut } = waiting();
  let happen = (): void => undefined;
  const what = new Promise<void>((resolve) => {
    happen = resolve;
  });
  const result = within(host, 70, what);
  timeOut();
  assert.equal(await result, false);
  happen();
  await pauses.pause(1);
  assert.deepEqual(log, ['wait 70', 'close 5']);
});

test('readText(): without the newline; empty for what is not there, and nothing else is', () => {
  assert.equal(readText({ readText: () => ' 17\n' }, '/x'), '17');
  assert.equal(readText({ readText: failing('ENOENT') }, '/x'), '');
  assert.equal(readText({ readText: failing('ENOTDIR') }, '/x'), '');
  assert.throws(() => readText({ readText: failing('EACCES') }, '/x'), /EACCES/);
});

test('rootOf(): what the server wrote down, or the usual place', () => {
  const read: string[] = [];
  const native = { readText: (path: string) => (read.push(path) === 1 ? '/run/other\n' : '') };
  assert.equal(rootOf(native, '/b'), '/run/other');
  assert.equal(rootOf(native, '/b'), rootOf({ readText: failing('ENOENT') }, '/b'));
  assert.match(rootOf(native, '/b'), /^\/run\//);
  assert.ok(read[0]?.startsWith('/b/'));
});

test('openLog(): containerd’s fifo becomes standard error, without waiting for its reader', () => {
  const log: unknown[] = [];
  const native = fakeHost({
    open: (path, flags) => {
      log.push([path, flags & 0o4003]);
      return 7;
    },
    replaceDescriptor: (from, to) => void log.push(`${from} → ${to}`),
    close: (descriptor) => void log.push(`close ${descriptor}`),
  }).native;
  openLog(native);
  assert.deepEqual(log, [['log', 0o4002], '7 → 2', 'close 7']);
});

test('openLog(): without one the shim goes on', () => {
  for (const code of ['ENOENT', 'EACCES', 'ENXIO', 'EISDIR'])
    openLog(fakeHost({ open: failing(code) }).native);
  assert.throws(() => openLog(fakeHost({ open: failing('EMFILE') }).native), /EMFILE/);
});

test('tell(): one line whatever the message holds; none where the log is full, or nobody reads it', () => {
  const written: string[] = [];
  const native = fakeHost({
    write: (descriptor, line) => void written.push(`${descriptor} ${line}`),
  }).native;
  tell(native, 'warning', 'a "b"\nc');
  assert.match(
    written.join(),
    /^2 time="\d{4}-\d\d-\d\dT[\d:.]+Z" level=warning msg="a \\"b\\"\\nc" runtime=tsoci\n$/,
  );
  for (const code of ['EAGAIN', 'EPIPE']) tell(fakeHost({ write: failing(code) }).native, 'debug', 'lost');
  assert.throws(() => tell(fakeHost({ write: failing('EBADF') }).native, 'debug', 'x'), /EBADF/);
});

test('socketDirectory(): the one that containerd names, root’s, or that of the user’s session', () => {
  const of = (uid: number, runtime: string | undefined, given?: string) => {
    const surroundings = runtime === undefined ? {} : { XDG_RUNTIME_DIR: runtime };
    return socketDirectory({ ...fakeHost({ userId: () => uid }), surroundings }, given);
  };
  assert.equal(of(0, '/run/user/0', '/run/other'), '/run/other');
  assert.equal(of(0, '/run/user/0', ''), '/run/containerd/s');
  assert.equal(of(1000, '/run/user/1000'), '/run/user/1000/containerd/s');
  assert.equal(of(1000, undefined), '/run/containerd/s');
  assert.equal(of(1000, ''), '/run/containerd/s');
});

test('socketPath(): a file of its own for each containerd, namespace and group, of one length', () => {
  const paths = [
    socketPath('/s', '/run/c.sock', 'n', 'g'),
    socketPath('/s', '/run/d.sock', 'n', 'g'),
    socketPath('/s', '/run/c.sock', 'm', 'g'),
    socketPath('/s', '/run/c.sock', 'n', 'h'),
  ];
  assert.equal(new Set(paths).size, 4);
  for (const path of paths) assert.match(path, /^\/s\/[0-9a-f]{64}$/);
  assert.equal(socketPath('/s', '/run/c.sock', 'n', 'g'), paths[0]);
  assert.equal(pathOfAddress('unix:///run/s/a'), '/run/s/a');
  assert.equal(pathOfAddress('/run/s/a'), '/run/s/a');
});

test('isListened(): somebody answers, or so many wait that somebody is about to; a file that is left is nobody', () => {
  const closed: number[] = [];
  const close = (socket: number) => void closed.push(socket);
  assert.equal(isListened({ tryConnect: () => 6, close }, '/s'), true);
  assert.deepEqual(closed, [6]);
  assert.equal(isListened({ tryConnect: () => undefined, close }, '/s'), true);
  assert.equal(isListened({ tryConnect: failing('ECONNREFUSED'), close }, '/s'), false);
  assert.equal(isListened({ tryConnect: failing('ENOENT'), close }, '/s'), false);
  assert.throws(() => isListened({ tryConnect: failing('EACCES'), close }, '/s'), /EACCES/);
});

test('answerError(): our words behind those that engines look for, with what to do', () => {
  const told = (prefix: string, error: unknown) => {
    const { code, message, cause } = answerError(prefix, error);
    return [code, message, cause === error];
  };
  const hint = { pointer: '/root', hint: 'Make it' };
  assert.deepEqual(told('OCI runtime create failed', new Failure('system', 'no such place', hint)), [
    codes.unknown,
    'OCI runtime create failed: root: no such place (Make it)',
    true,
  ]);
  assert.deepEqual(told('', new Failure('not-found', 'no container "a"')), [
    codes.notFound,
    'no container "a"',
    true,
  ]);
  assert.equal(told('', new Failure('exists', 'a'))[0], codes.alreadyExists);
  assert.deepEqual(told('p', new TypeError('a slip')), [codes.unknown, 'p: internal error: a slip', true]);
  // The system's fault, and not ours.
  assert.match(String(told('p', systemError('EIO', '/x'))[1]), /^p: the system refused: EIO: \/x/);
  const own = new StatusError(codes.notFound, 'as it is');
  assert.equal(answerError('p', own), own);
});

test('timestampOf(): seconds and nanoseconds, before 1970 as well', () => {
  assert.deepEqual(timestampOf(1_700_000_000_123), { seconds: 1_700_000_000n, nanos: 123_000_000 });
  assert.deepEqual(timestampOf(-1), { seconds: -1n, nanos: 999_000_000 });
});

test.run();
