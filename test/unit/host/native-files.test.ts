import { strict as assert } from 'node:assert';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { hasErrno, isSystemError } from '../../../src/host/native.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../../../src/host/open-flags.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';

const native = loadNative(findLibexec());
const test = suite('native: files');
let directory = '';

/** The error that `action` throws, which must be a system error. */
function systemError(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (isSystemError(error)) return error;
    throw error;
  }
  throw new Error('expected a system error');
}

/** The engine closes some of its own now and then, so what counts is what is new. */
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-native-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

test('readFile() and readText() read regular, proc and empty files whole', () => {
  const path = join(directory, 'text');
  for (const length of [0, 1, 4095, 4096, 4097, 200_000]) {
    writeFileSync(path, 'x'.repeat(length));
    assert.equal(native.readFile(path, 1_000_000).length, length);
    assert.equal(native.readText(path, length), 'x'.repeat(length));
  }
  assert.equal(native.readText('/proc/self/stat', 4096).split(' ')[0], String(process.pid));
  // Longer than one read of a proc file gives.
  assert.equal(native.readText('/proc/kallsyms', 100_000_000).endsWith('\n'), true);
});

test('readFile() throws EFBIG above the maximum, for regular and proc files', () => {
  const path = join(directory, 'big');
  writeFileSync(path, 'abcdef');
  assert.equal(native.readText(path, 6), 'abcdef');
  assert.equal(systemError(() => native.readText(path, 5)).code, 'EFBIG');
  assert.equal(systemError(() => native.readFile('/proc/self/status', 16)).code, 'EFBIG');
  assert.equal(systemError(() => native.readFile('/dev/zero', 10_000)).code, 'EFBIG');
});

test('readText() decodes UTF-8 and replaces what is invalid', () => {
  const path = join(directory, 'utf8');
  writeFileSync(path, 'grüße 🐋');
  assert.equal(native.readText(path, 100), 'grüße 🐋');
  writeFileSync(path, Uint8Array.of(0x61, 0xff, 0x62));
  assert.equal(native.readText(path, 100), 'a\ufffdb');
});

test('readHashed() puts in front of the text, or of its beginning, what hash() says of all bytes', () => {
  const path = join(directory, 'hashed');
  for (const length of [0, 3, 26, 27, 1000, 16_367, 16_368, 16_384, 200_000]) {
    const bytes = new Uint8Array(length).map((_, index) => 97 + (index % 26));
    if (length > 5) bytes.set([0xff, 0xc3, 0xbc], 2);
    writeFileSync(path, bytes);
    const hash = native.hash(bytes.subarray(26)).toString(16).padStart(16, '0');
    const text = native.readText(path, length);
    assert.equal(native.readHashed(path, length, 26, ''), `${hash}${text}`, String(length));
    assert.equal(
      native.readHashed(path, length, 26, 'ghi'),
      `${hash}${text.split('ghi')[0]}`,
      String(length),
    );
  }
  assert.equal(systemError(() => native.readHashed(path, 5, 0, '')).code, 'EFBIG');
  assert.equal(systemError(() => native.readHashed(`${path}-not`, 5, 0, '')).code, 'ENOENT');
});

test('what is below /proc/self/fd/N is reached through descriptor N, whatever its name means by then', () => {
  const [real, other] = [join(directory, 'opened'), join(directory, 'moved')];
  mkdirSync(real);
  const descriptor = native.open(real, O_PATH | O_DIRECTORY, 0);
  try {
    renameSync(real, other);
    mkdirSync(real);
    const at = `/proc/self/fd/${descriptor}`;
    native.createFile(`${at}/one`, 'content', 0o600, false);
    assert.equal(readFileSync(join(other, 'one'), 'utf8'), 'content');
    native.rename(`${at}/one`, `${at}/two`);
    assert.equal(native.readText(`${at}/two`, 100), 'content');
    native.rename(`${at}/two`, join(real, 'three'));
    native.rename(join(real, 'three'), `${at}/two`);
    native.makeDirectory(`${at}/below`, 0o700);
    symlinkSync('two', join(other, 'link'));
    assert.equal(native.status(`${at}/link`, true)?.size, 7);
    assert.equal(native.status(`${at}/link`, false)?.size, 3);
    assert.equal(native.status(at, true)?.ino, statSync(other).ino);
    assert.equal(native.status(`${at}/below/../two`, true)?.size, 7);
    assert.equal(native.status(`${at}/absent`, false), undefined);
    // The link itself, and what is no name of a descriptor's, stay what they are in procfs.
    assert.notEqual(native.status(at, false)?.ino, statSync(other).ino);
    assert.deepEqual(native.readDirectory(at).sort(), ['below', 'link', 'two']);
    assert.equal(native.status(`/proc/self/fd/${2 ** 32 + descriptor}/two`, false), undefined);
    native.removeDirectory(`${at}/below`);
    native.unlink(`${at}/link`);
    native.unlink(`${at}/two`);
    assert.deepEqual([readdirSync(other), readdirSync(real)], [[], []]);
  } finally {
    native.close(descriptor);
  }
});

test('errors carry code, errno, syscall and path', () => {
  const error = systemError(() => native.readFile('/nonexistent/ü', 10));
  assert.deepEqual(
    [error.code, error.errno, error.syscall, error.path],
    ['ENOENT', 2, 'open', '/nonexistent/ü'],
  );
  assert.match(error.message, /^ENOENT: no such file or directory, open '\/nonexistent\/ü'$/);
  assert.equal(hasErrno(error, 'EPERM', 'ENOENT'), true);
  assert.equal(systemError(() => native.readFile('/', 10)).code, 'EISDIR');
});

test('names with NUL and arguments of a wrong type are refused', () => {
  const wrong = native as unknown as Record<string, (...values: unknown[]) => unknown>;
  const rows: readonly [string, readonly unknown[]][] = [
    ['readFile', ['/etc/hostname\0.json', 10]],
    ['readFile', [1, 10]],
    ['readFile', ['/etc/hostname']],
    ['readFile', ['/etc/hostname', -1]],
    ['close', ['1']],
    ['close', [1.5]],
    ['kill', [Number.NaN, 0]],
    ['kill', [2 ** 32 + 1, 0]],
    ['lock', [1, 'yes']],
    ['writeFile', ['/dev/null', 12]],
    ['writeFile', ['/dev/null', new Float64Array(2)]],
    ['send', [1, new Uint8Array(1), [1, 'x']]],
    ['spawn', [undefined]],
  ];
  for (const [name, values] of rows)
    assert.throws(() => wrong[name]?.(...values), TypeError, `${name} ${JSON.stringify(values)}`);
});

test('createFile() makes a new file with mode and content, never an existing one or through a symlink', () => {
  const path = join(directory, 'created');
  native.createFile(path, 'content', 0o600, true);
  assert.equal(readFileSync(path, 'utf8'), 'content');
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  assert.equal(systemError(() => native.createFile(path, '', 0o600, false)).code, 'EEXIST');
  const link = join(directory, 'dangling');
  symlinkSync(join(directory, 'elsewhere'), link);
  assert.equal(systemError(() => native.createFile(link, '', 0o600, false)).code, 'EEXIST');
});

test('writeFile() writes strings and bytes of any content and never creates', () => {
  const path = join(directory, 'written');
  assert.equal(systemError(() => native.writeFile(path, 'x')).code, 'ENOENT');
  writeFileSync(path, '');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      writeFileSync(path, '');
      native.writeFile(path, text);
      assert.equal(readFileSync(path, 'utf8'), Buffer.from(text, 'utf8').toString('utf8'));
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      writeFileSync(path, '');
      native.writeFile(path, bytes);
      assert.deepEqual(Buffer.from(native.readFile(path, 5000)), Buffer.from(bytes));
    }),
    { numRuns: 50 },
  );
  writeFileSync(path, '');
  native.writeFile(path, new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  assert.deepEqual([...readFileSync(path)], [2, 3]);
  assert.equal(systemError(() => native.writeFile('/dev/full', 'x')).code, 'ENOSPC');
});

test('paths of every length around the inner buffer arrive whole', () => {
  for (const length of [507, 508, 509, 510, 511, 512, 513, 1000]) {
    const path = `/nonexistent/${'ä'.repeat(length)}`.slice(0, length);
    assert.equal(systemError(() => native.makeDirectory(path, 0o700)).path, path);
  }
});

test('directories are made, listed and removed', () => {
  const path = join(directory, 'sub');
  native.makeDirectory(path, 0o700);
  assert.equal(statSync(path).mode & 0o7777, 0o700);
  for (const name of ['b', 'a', '.hidden', 'ü']) writeFileSync(join(path, name), '');
  assert.deepEqual(native.readDirectory(path).sort(), ['.hidden', 'a', 'b', 'ü']);
  assert.equal(systemError(() => native.removeDirectory(path)).code, 'ENOTEMPTY');
  assert.equal(systemError(() => native.makeDirectory(path, 0o700)).code, 'EEXIST');
  for (const name of native.readDirectory(path)) native.unlink(join(path, name));
  native.removeDirectory(path);
  assert.equal(systemError(() => native.readDirectory(path)).code, 'ENOENT');
  assert.equal(systemError(() => native.readDirectory('/etc/hostname')).code, 'ENOTDIR');
});

test('rename(), chmod(), chown(), readLink() and realPath() do what they say', () => {
  const from = join(directory, 'from');
  const to = join(directory, 'to');
  writeFileSync(from, '');
  native.rename(from, to);
  native.chmod(to, 0o640);
  native.chown(to, native.userId(), native.groupId());
  assert.equal(statSync(to).mode & 0o7777, 0o640);
  assert.equal(systemError(() => native.rename(from, to)).code, 'ENOENT');
  const link = join(directory, 'link');
  symlinkSync('./to', link);
  assert.equal(native.readLink(link), './to');
  assert.equal(native.realPath(link), native.realPath(to));
  assert.equal(systemError(() => native.readLink(to)).code, 'EINVAL');
});

test('status() follows or does not, and is undefined for what is not there', () => {
  const link = join(directory, 'to-null');
  symlinkSync('/dev/null', link);
  const followed = native.status(link, true);
  assert.deepEqual([(followed?.mode ?? 0) & 0o170000, followed?.major, followed?.minor], [0o020000, 1, 3]);
  assert.equal((native.status(link, false)?.mode ?? 0) & 0o170000, 0o120000);
  assert.equal(native.status(join(directory, 'absent'), true), undefined);
  assert.equal(native.status('/etc/hostname/x', true), undefined);
  const own = statSync(directory);
  const ours = native.status(directory, true);
  assert.deepEqual([ours?.ino, ours?.dev, ours?.uid, ours?.size], [own.ino, own.dev, own.uid, own.size]);
});

test('fileSystemType() tells proc from others', () => {
  assert.equal(native.fileSystemType('/proc'), 0x9fa0);
  assert.notEqual(native.fileSystemType('/'), 0x9fa0);
});

test('open(), read(), write(), lock() and pollMany() work on descriptors', () => {
  const path = join(directory, 'locked');
  writeFileSync(path, 'abc');
  const first = native.open(path, 2, 0);
  const second = native.open(path, 2, 0);
  try {
    assert.match(readFileSync(`/proc/self/fdinfo/${first}`, 'utf8'), /flags:\s+0?2[0-7]{6}/, 'O_CLOEXEC');
    assert.equal(Buffer.from(native.read(first, 2)).toString(), 'ab');
    assert.equal(Buffer.from(native.read(first, 10)).toString(), 'c');
    assert.equal(native.read(first, 10).length, 0);
    native.write(first, 'défg');
    assert.equal(readFileSync(path, 'utf8'), 'abcdéfg');
    assert.equal(native.lock(first, false), true);
    assert.equal(native.lock(second, false), false);
    assert.deepEqual(native.pollMany([first], 0), [first]);
  } finally {
    native.close(first);
    native.close(second);
  }
  assert.equal(systemError(() => native.close(second)).code, 'EBADF');
  assert.deepEqual(native.pollMany([second], 0), [second], 'broken');
});

test('failures leave no descriptor open', () => {
  const before = openDescriptors(native);
  for (const action of [
    () => native.readFile('/proc/self/status', 1),
    () => native.readFile('/', 1),
    () => native.writeFile('/dev/full', 'x'),
    () => native.createFile('/proc/x', '', 0o600, false),
    () => native.sealedCopy('/proc/self', 'x'),
    () => native.listen('/proc/x'),
    () => native.listen(`${directory}/${'n'.repeat(200)}`),
    () => native.connect(join(directory, 'absent'), 'stream'),
    () => native.readDirectory('/etc/hostname'),
  ])
    systemError(action);
  // The listing's own descriptor has the number that is free, in both listings the same unless one leaked.
  const fresh = newDescriptors(native, before);
  assert.deepEqual(fresh, []);
});

test('open() takes the flags of open-flags.ts on every architecture', () => {
  const link = join(directory, 'a-link');
  const file = join(directory, 'a-file');
  writeFileSync(file, '');
  symlinkSync(file, link);
  assert.equal(systemError(() => native.open(file, O_DIRECTORY, 0)).code, 'ENOTDIR');
  assert.equal(systemError(() => native.open(link, O_NOFOLLOW, 0)).code, 'ELOOP');
  native.close(native.open(directory, O_DIRECTORY | O_NOFOLLOW, 0));
});

test.run();
