import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Native } from '../../../../src/host/native.ts';
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../../../src/host/open-flags.ts';
import {
  openInput,
  openLogFile,
  openOutput,
  openPipe,
  openPipeOf,
  openWriter,
} from '../../../../src/shim/task/stream-ends.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('shim: ends of streams');
const always = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const megabyte = 1 << 20;

interface Scene {
  /** What is opened is one, or else a file. */
  readonly fifo?: boolean;
  /** What the process has as its output; empty for one that is gone. */
  readonly link?: string;
  /** What is refused, by call and path. */
  readonly fail?: Record<string, string>;
}

/** A machine on which every open gives 7. */
function machine({ fifo = true, link = '', fail = {} }: Scene = {}) {
  const log: unknown[] = [];
  const act = (name: string, ...given: readonly unknown[]): void => {
    const [path] = given;
    log.push([name, ...given]);
    const code = fail[`${name} ${path}`];
    if (code !== undefined) throw systemError(code, String(path));
  };
  const { native } = fakeHost({
    pipe: () => [3, 4],
    widenPipe: (descriptor, bytes) => {
      act('widen', descriptor, bytes);
      return bytes;
    },
    readLink: (path) => {
      assert.equal(path, '/proc/9/fd/1');
      if (link === '') throw systemError('ENOENT', path);
      return link;
    },
    open: (path, flags) => {
      act('open', path, flags);
      return 7;
    },
    status: (path, follow) => {
      assert.deepEqual([path, follow], ['/proc/self/fd/7', true]);
      return { mode: fifo ? 0o010_600 : 0o100_600 } as ReturnType<Native['status']>;
    },
    openAsync: async (path, flags, mode) => {
      act('open', path, flags, mode);
      return 7;
    },
    makeDirectoryAsync: async (path, mode) => act('make', path, mode),
  });
  return { native, log, fail };
}

test('a pipe is as wide as it may be', () => {
  const { native, log } = machine();
  assert.deepEqual(openPipe(native), [3, 4]);
  assert.deepEqual(log, [['widen', 3, megabyte]]);
});

test('the other end of a process’s pipe: none where it has no pipe, or has gone meanwhile', () => {
  const of = (link: string, fail: Record<string, string> = {}) => {
    const { native, log } = machine({ link, fail });
    return [openPipeOf(native, 9, 1, O_RDONLY), log];
  };
  assert.deepEqual(of('pipe:[1]'), [7, [['open', '/proc/9/fd/1', O_RDONLY | always]]]);
  assert.deepEqual(of('/dev/null'), [undefined, []]);
  assert.deepEqual(of(''), [undefined, []]);
  for (const code of ['ENOENT', 'ENXIO'])
    assert.equal(of('pipe:[1]', { 'open /proc/9/fd/1': code })[0], undefined);
  assertRefused(() => of('pipe:[1]', { 'open /proc/9/fd/1': 'EACCES' }), 'system', undefined, /EACCES/);
});

test('output: a fifo is opened to read as well, so that nobody is waited for, and widened; a file is appended to', () => {
  const flags = O_RDWR | O_APPEND | always;
  const { native, log } = machine();
  assert.equal(openOutput(native, '/out'), 7);
  assert.deepEqual(log, [
    ['open', '/out', flags],
    ['widen', 7, megabyte],
  ]);
  const file = machine({ fifo: false });
  assert.equal(openOutput(file.native, '/out'), 7);
  assert.deepEqual(file.log, [['open', '/out', flags]]);
});

test('input is opened without waiting for its writer; we are one ourselves where it is a fifo', () => {
  const { native, log } = machine();
  assert.equal(openInput(native, '/in'), 7);
  assert.equal(openWriter(native, '/in', 7), 7);
  assert.deepEqual(log, [
    ['open', '/in', O_RDONLY | always],
    ['open', '/in', O_WRONLY | always],
  ]);
  const file = machine({ fifo: false });
  assert.deepEqual([openWriter(file.native, '/in', 7), file.log], [undefined, []]);
});

const logFlags = O_WRONLY | O_APPEND | O_CREAT | always;

test('a log file is made, and appended to', async () => {
  const { native, log } = machine();
  assert.equal(await openLogFile(native, '/a/b/log'), 7);
  assert.deepEqual(log, [['open', '/a/b/log', logFlags, 0o644]]);
});

test('the directories above a log are made where they lack, from the outermost', async () => {
  const { native, log, fail } = machine({ fail: { 'open /a/b/log': 'ENOENT', 'make /a': 'EEXIST' } });
  const late: Partial<Native> = {
    openAsync: (path, flags, mode) => native.openAsync(path, flags, mode),
    makeDirectoryAsync: async (path, mode) => {
      if (path === '/a/b') delete fail['open /a/b/log'];
      await native.makeDirectoryAsync(path, mode);
    },
  };
  assert.equal(await openLogFile(late as Native, '/a/b/log'), 7);
  const opened = ['open', '/a/b/log', logFlags, 0o644];
  assert.deepEqual(log, [opened, ['make', '/a', 0o755], ['make', '/a/b', 0o755], opened]);
});

test('a log that cannot be is told, and nothing is made for it', async () => {
  const { native, log } = machine({ fail: { 'open /a/log': 'EACCES' } });
  await assert.rejects(openLogFile(native, '/a/log'), /open the log "\/a\/log": EACCES/);
  assert.equal(log.length, 1);
  const dark = machine({ fail: { 'open /a/log': 'ENOENT', 'make /a': 'EROFS' } });
  await assert.rejects(openLogFile(dark.native, '/a/log'), /the directory of the log "\/a": EROFS/);
  const still = machine({ fail: { 'open /a/log': 'ENOENT' } });
  await assert.rejects(openLogFile(still.native, '/a/log'), /open the log "\/a\/log": ENOENT/);
});

test.run();
