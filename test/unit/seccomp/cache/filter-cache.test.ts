import { strict as assert } from 'node:assert';
import {
  chmodSync,
  chownSync,
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
import { suite } from 'uvu';
import type { Native } from '../../../../src/host/native.ts';
import { seccompCacheDirectory } from '../../../../src/seccomp/cache/filter-cache.ts';
import { decodeEntry, encodeEntry, type FilterEntry } from '../../../../src/seccomp/cache/filter-entry.ts';
import { filterKey } from '../../../../src/seccomp/cache/filter-key.ts';
import { compileSeccomp } from '../../../../src/seccomp/compile-seccomp.ts';
import type { Seccomp } from '../../../../src/spec/config.ts';
import { argument, entry, failure, host } from '../support.ts';

const test = suite('seccomp filter cache');
let root = '';
let directory = '';

test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'tsoci-seccomp-'));
  directory = seccompCacheDirectory(root);
});
test.after.each(() => rmSync(root, { recursive: true, force: true }));

const section: Seccomp = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [entry(['getpid', 'no_such_call'], 'SCMP_ACT_ALLOW')],
};
const compile = (config: Seccomp = section, native: Native = host.native) =>
  compileSeccomp({ ...host, native }, config, { cacheDirectory: directory });
const onlyFile = () => {
  const names = readdirSync(directory);
  assert.equal(names.length, 1, names.join());
  return join(directory, names[0] as string);
};

test('seccompCacheDirectory() is no container id', () => {
  const name = seccompCacheDirectory('/run/tsoci').slice('/run/tsoci/'.length);
  assert.doesNotMatch(name, /^[\w+.-]+$/);
});

test('the second time comes from the cache and is the same, notes included', async () => {
  const { from: first, ...compiled } = await compile();
  const { from: second, ...cached } = await compile();
  assert.deepEqual([first, second], ['libseccomp', 'cache']);
  assert.deepEqual(cached, compiled);
  assert.equal(cached.notes.length, 1);
});

test('directory 0700, file 0600, nothing else left, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    await compile();
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(onlyFile()).mode & 0o777, 0o600);
});

const variations: readonly (readonly [what: string, section: Seccomp])[] = [
  ['default action', { ...section, defaultAction: 'SCMP_ACT_KILL' }],
  ['default errno', { ...section, defaultErrnoRet: 1 }],
  ['architectures', { ...section, architectures: [] }],
  ['flags', { ...section, flags: [] }],
  ['errno of an entry', { ...section, syscalls: [entry('getpid', 'SCMP_ACT_ERRNO', { errnoRet: 2 })] }],
  [
    'a value',
    { ...section, syscalls: [entry('getpid', 'SCMP_ACT_ALLOW', { args: [argument(0, 'SCMP_CMP_EQ', 1)] })] },
  ],
  [
    'a large value',
    {
      ...section,
      syscalls: [entry('getpid', 'SCMP_ACT_ALLOW', { args: [argument(0, 'SCMP_CMP_EQ', 2n ** 63n)] })],
    },
  ],
  [
    'a larger value',
    {
      ...section,
      syscalls: [entry('getpid', 'SCMP_ACT_ALLOW', { args: [argument(0, 'SCMP_CMP_EQ', 2n ** 63n + 1n)] })],
    },
  ],
];

test('everything that matters is in the key', async () => {
  const texts = [section, ...variations.map(([, each]) => each)].map(
    (each) => filterKey(host.native, each).text,
  );
  assert.equal(new Set(texts).size, texts.length);
  const otherKernel = { ...host.native, kernel: () => ({ ...host.native.kernel(), release: '5.14.0' }) };
  const otherMachine = { ...host.native, kernel: () => ({ ...host.native.kernel(), machine: 'riscv64' }) };
  assert.notEqual(filterKey(otherKernel, section).text, texts[0]);
  assert.notEqual(filterKey(otherMachine, section).text, texts[0]);
});

for (const [what, other] of variations) {
  test(`another ${what} is another filter`, async () => {
    await compile();
    assert.equal((await compile(other)).from, 'libseccomp');
    assert.equal((await compile(other)).from, 'cache');
    assert.equal((await compile()).from, 'cache');
  });
}

test('the listener is not in the key, but checked on every call', async () => {
  const notify: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [entry('mknod', 'SCMP_ACT_NOTIFY')] };
  await compile({ ...notify, listenerPath: '/one' });
  const second = await compile({ ...notify, listenerPath: '/two', listenerMetadata: 'm' });
  assert.deepEqual([second.from, second.listenerPath, second.listenerMetadata], ['cache', '/two', 'm']);
  assert.equal((await failure(() => compile(notify))).pointer, '/linux/seccomp/listenerPath');
});

test('a file of another key under this name is not taken', async () => {
  await compile();
  const name = onlyFile();
  await compile({ ...section, defaultAction: 'SCMP_ACT_KILL' });
  const other = readdirSync(directory).find((each) => join(directory, each) !== name);
  renameSync(join(directory, other as string), name);
  const again = await compile();
  assert.equal(again.from, 'libseccomp');
  assert.equal((await compile()).from, 'cache');
});

test('a damaged file is not taken, and replaced: each byte flipped in turn, each length', async () => {
  const compiled = await compile();
  const file = onlyFile();
  const good = new Uint8Array(readFileSync(file));
  const { text } = filterKey(host.native, section);
  assert.deepEqual(decodeEntry(host.native, good, text)?.filter, compiled.filter);
  const lastWord = 28; // of the header: not used
  for (let index = 0; index < good.length; index++) {
    if (index >= lastWord && index < lastWord + 4) continue;
    const bad = good.with(index, (good[index] as number) ^ 0x10);
    assert.equal(decodeEntry(host.native, bad, text), undefined, `byte ${index}`);
  }
  for (let length = 0; length < good.length; length++) {
    assert.equal(decodeEntry(host.native, good.slice(0, length), text), undefined, `length ${length}`);
  }
  writeFileSync(file, good.with(40, (good[40] as number) ^ 1));
  assert.equal((await compile()).from, 'libseccomp');
  assert.equal((await compile()).from, 'cache');
});

test('encodeEntry() and decodeEntry() agree at any alignment', () => {
  const stored: FilterEntry = {
    filter: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
    flags: 4,
    notify: false,
    warnings: ['ä'],
    notes: [],
    library: { path: '/l', device: 1, inode: 2, size: 3 },
  };
  const file = encodeEntry(host.native, stored, 'kéy');
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  assert.deepEqual(decodeEntry(host.native, file, 'kéy'), stored);
  assert.deepEqual(decodeEntry(host.native, shifted.subarray(3), 'kéy'), stored);
  assert.equal(decodeEntry(host.native, file, 'key'), undefined);
});

test('a filter of another libseccomp is compiled again', async () => {
  await compile();
  const file = onlyFile();
  const { text } = filterKey(host.native, section);
  const stored = decodeEntry(host.native, new Uint8Array(readFileSync(file)), text);
  assert.ok(stored);
  assert.match(stored.library.path, /libseccomp\.so/);
  for (const library of [{ inode: 1 }, { size: 1 }, { device: 1 }, { path: '/no/such/libseccomp.so.2' }]) {
    writeFileSync(
      file,
      encodeEntry(host.native, { ...stored, library: { ...stored.library, ...library } }, text),
    );
    assert.equal((await compile()).from, 'libseccomp', JSON.stringify(library));
    assert.equal((await compile()).from, 'cache');
  }
});

test('files and directories of others, or open to others, or links, are not taken', async () => {
  await compile();
  const file = onlyFile();
  chmodSync(file, 0o640);
  assert.equal((await compile()).from, 'libseccomp');
  renameSync(file, join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), file);
  assert.equal((await compile()).from, 'libseccomp');
  assert.equal((await compile()).from, 'cache', 'the link was replaced');
  chmodSync(directory, 0o755);
  const open = await compile();
  assert.equal(open.from, 'libseccomp');
  assert.match(open.warnings.join(), /must be a directory of this user with mode 0700/);
  if (process.getuid?.() === 0) {
    chmodSync(directory, 0o700);
    chownSync(directory, 1, 1);
    assert.match((await compile()).warnings.join(), /must be a directory of this user/);
  }
});

test('what cannot be stored is told, and the filter is there', async () => {
  writeFileSync(directory, 'in the way');
  const compiled = await compile();
  assert.ok(compiled.filter.length > 0);
  assert.match(compiled.warnings.join(), /must be a directory of this user/);
  rmSync(directory);
  const refuse = (): never => {
    throw Object.assign(new Error('ENOSPC: No space left on device'), {
      errno: 28,
      code: 'ENOSPC',
      syscall: 'write',
    });
  };
  const full = await compile(section, { ...host.native, createFile: refuse });
  assert.match(full.warnings.join(), /could not be kept in .*ENOSPC/);
  const stuck = await compile(section, { ...host.native, rename: refuse });
  assert.match(stuck.warnings.join(), /could not be kept in/);
  assert.deepEqual(readdirSync(directory), [], 'the temporary file is gone');
});

test('the cache does not grow without bound, and sweeps up what killed writers left', async () => {
  mkdirSync(directory, { mode: 0o700 });
  for (let index = 0; index < 64; index++) writeFileSync(join(directory, `old-${index}`), '');
  await compile();
  onlyFile();
});

test('without a directory nothing is stored', async () => {
  assert.equal((await compileSeccomp(host, section)).from, 'libseccomp');
  assert.equal((await compileSeccomp(host, section)).from, 'libseccomp');
});

test.run();
