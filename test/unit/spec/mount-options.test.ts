import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { mountAttribute as a, propagationType as p } from '../../../src/spec/kernel-flags.ts';
import {
  attributesOf,
  mountOptionNames,
  type ParsedMountOptions,
  parseMountOptions,
} from '../../../src/spec/mount-options.ts';

const test = suite('parseMountOptions()');

const nothing = parseMountOptions(undefined);

/** What each option of the specification's table does (config.md, Linux mount options), and those of crun(1). */
const rows: Readonly<Record<string, Partial<ParsedMountOptions>>> = {
  ro: { set: a.rdonly },
  rw: { clear: a.rdonly },
  nosuid: { set: a.nosuid },
  suid: { clear: a.nosuid },
  nodev: { set: a.nodev },
  dev: { clear: a.nodev },
  noexec: { set: a.noexec },
  exec: { clear: a.noexec },
  noatime: { set: a.noatime, clear: a.atimeMask },
  atime: { clear: a.atimeMask },
  relatime: { set: 0, clear: a.atimeMask },
  norelatime: { clear: a.atimeMask },
  strictatime: { set: a.strictatime, clear: a.atimeMask },
  nostrictatime: { set: 0, clear: a.atimeMask },
  nodiratime: { set: a.nodiratime },
  diratime: { clear: a.nodiratime },
  nosymfollow: { set: a.nosymfollow },
  symfollow: { clear: a.nosymfollow },
  bind: { bind: 'bind' },
  rbind: { bind: 'rbind' },
  remount: { remount: true },
  private: { propagation: p.private, propagationRecursive: false },
  rprivate: { propagation: p.private, propagationRecursive: true },
  shared: { propagation: p.shared, propagationRecursive: false },
  rshared: { propagation: p.shared, propagationRecursive: true },
  slave: { propagation: p.slave, propagationRecursive: false },
  rslave: { propagation: p.slave, propagationRecursive: true },
  unbindable: { propagation: p.unbindable, propagationRecursive: false },
  runbindable: { propagation: p.unbindable, propagationRecursive: true },
  tmpcopyup: { copyUp: true },
  idmap: { idmap: 'idmap' },
  ridmap: { idmap: 'ridmap' },
  'copy-symlink': { copySymlink: true },
  'src-nofollow': { sourceNoFollow: true },
  'dest-nofollow': { destinationNoFollow: true },
  sync: { data: ['sync'] },
  async: { data: ['async'] },
  dirsync: { data: ['dirsync'] },
  lazytime: { data: ['lazytime'] },
  nolazytime: { data: ['nolazytime'] },
  mand: { data: ['mand'] },
  nomand: { data: ['nomand'] },
  silent: {},
  loud: {},
  iversion: {},
  noiversion: {},
  acl: {},
  noacl: {},
  rsync: {},
  rasync: {},
  rdirsync: {},
  rmand: {},
  rnomand: {},
  defaults: {},
};

const recursiveRows = Object.fromEntries(
  Object.entries(rows)
    .filter(([, row]) => row.set !== undefined || row.clear !== undefined)
    .map(([name, { set = 0, clear = 0 }]) => [`r${name}`, { setRecursive: set, clearRecursive: clear }]),
);

for (const [name, row] of Object.entries({ ...rows, ...recursiveRows })) {
  test(`understands ${name}`, () => {
    assert.deepEqual(parseMountOptions([name]), { ...nothing, ...row });
  });
}

test('has no option beside these, so that features advertises nothing else', () => {
  assert.deepEqual(mountOptionNames().sort(), Object.keys({ ...rows, ...recursiveRows }).sort());
});

const later: readonly { options: readonly string[]; set?: number; clear?: number; all: number }[] = [
  { options: ['ro', 'rw'], set: 0, clear: a.rdonly, all: 0 },
  { options: ['rw', 'ro'], set: a.rdonly, clear: 0, all: a.rdonly },
  { options: ['noatime', 'strictatime'], set: a.strictatime, clear: a.atimeMask, all: a.strictatime },
  { options: ['strictatime', 'atime'], set: 0, clear: a.atimeMask, all: 0 },
  { options: ['strictatime', 'relatime'], set: 0, clear: a.atimeMask, all: 0 },
  { options: ['ro', 'nosuid', 'rrw'], set: a.nosuid, clear: 0, all: a.nosuid },
  { options: ['rw', 'rro'], set: 0, clear: 0, all: a.rdonly },
  { options: ['rro', 'rw'], set: 0, clear: a.rdonly, all: 0 },
  { options: ['rro', 'rrw'], all: 0 },
  { options: ['rnoatime', 'strictatime'], all: a.strictatime },
  { options: ['nodev', 'rnosuid'], all: a.nodev | a.nosuid },
];

for (const { options, set, clear, all } of later) {
  test(`the later of ${options} wins`, () => {
    const parsed = parseMountOptions(options);
    if (set !== undefined) assert.equal(parsed.set, set);
    if (clear !== undefined) assert.equal(parsed.clear, clear);
    assert.equal(attributesOf(parsed), all);
  });
}

test('the later propagation and kind of bind win', () => {
  const { propagation, propagationRecursive, bind } = parseMountOptions([
    'rshared',
    'private',
    'bind',
    'rbind',
  ]);
  assert.deepEqual(
    { propagation, propagationRecursive, bind },
    {
      propagation: p.private,
      propagationRecursive: false,
      bind: 'rbind',
    },
  );
});

test('idmap= and ridmap= bring a mapping; the later of several options for it wins', () => {
  const range = (containerID: number, hostID: number, size: number, relative = false) => ({
    containerID,
    hostID,
    size,
    relative,
  });
  const { idmap, mapping } = parseMountOptions(['idmap', 'ridmap=uids=0-1-10#10-11-10;gids=@0-100-10']);
  assert.equal(idmap, 'ridmap');
  assert.deepEqual(mapping, { uids: [range(0, 1, 10), range(10, 11, 10)], gids: [range(0, 100, 10, true)] });
  assert.equal(parseMountOptions(['idmap=uids=0-1-1;gids=0-1-1']).idmap, 'idmap');
  assert.equal(parseMountOptions(['idmap=uids=0-1-1;gids=0-1-1', 'idmap']).mapping, undefined);
  assert.throws(() => parseMountOptions(['idmap=x']), /mount option "idmap=x" has "x"/);
});

test('what it does not know is the filesystem’s, in order, without what is empty', () => {
  const { data } = parseMountOptions(['size=1m', 'RO', 'ro=1', '', 'x', 'sync', 'constructor', '__proto__']);
  assert.deepEqual(data, ['size=1m', 'RO', 'ro=1', 'x', 'sync', 'constructor', '__proto__']);
});

test('options of the filesystem that come in one text are several; labels and escaped commas stay whole', () => {
  const { data } = parseMountOptions([
    'size=64k,mode=700',
    'a,,b,',
    'lowerdir=/x\\,y:/z',
    'context="system_u:object_r:container_file_t:s0:c1,c2"',
    'rootcontext=a:b:c:s0:c3,c4',
    'quoted="x"',
  ]);
  assert.deepEqual(data, [
    'size=64k',
    'mode=700',
    'a',
    'b',
    'lowerdir=/x\\,y:/z',
    'context=system_u:object_r:container_file_t:s0:c1,c2',
    'rootcontext=a:b:c:s0:c3,c4',
    'quoted="x"',
  ]);
});

test.run();
