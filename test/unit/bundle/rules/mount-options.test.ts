import { test } from 'uvu';
import { mountOptionRules } from '../../../../src/bundle/rules/mount-options.ts';
import type { Mount } from '../../../../src/spec/config.ts';
import { bind, mount, testRefused, testWarned, user, whole } from './rows.ts';

const bound = (...options: string[]): Mount => ({ ...bind, options: ['bind', ...options] });
const tmpfs = (...options: string[]): Mount => ({ destination: '/x', type: 'tmpfs', options });
const last = ['/mounts/0/options/1'];
const first = ['/mounts/0/options/0'];

testRefused(
  [
    {
      rule: 'idmap-options',
      name: 'no mapping',
      config: mount(bound('idmap=uids')),
      at: last,
      says: 'neither uids= nor gids=',
    },
    {
      rule: 'idmap-options',
      name: 'ids that the user namespace does not map',
      config: mount(bound('ridmap=uids=@0-65536-1;gids=@0-0-1'), user),
      at: last,
      says: 'does not all map',
    },
    {
      rule: 'idmap-options',
      name: 'an empty range, and ranges that overlap',
      config: mount(bound('idmap=uids=0-0-0;gids=0-0-5#4-10-1')),
      at: [...last, ...last],
    },
    {
      rule: 'idmap-options',
      name: 'a mapping twice',
      config: mount({ ...bound('idmap=uids=0-0-1;gids=0-0-1'), uidMappings: whole, gidMappings: whole }),
      at: last,
      says: 'give one of them',
    },
    {
      rule: 'idmap-options',
      name: '+ a relative one, an absolute one, both without a user namespace',
      config: mount(bound('idmap=uids=@0-1-10#10-11-10;gids=0-100-10')),
      at: [],
    },
  ],
  mountOptionRules.refuse,
);

const warnings: readonly (readonly [name: string, mount: Mount, at: readonly string[], says?: string])[] = [
  ['a slip on a bind mount', bound('nosiud'), last, '; did you mean "nosuid"?'],
  ['an option of another program', bound('x-systemd.automount'), last, 'no mount option that is known'],
  ['several in one text', bound('ro,nosuid'), last, 'give each a text of its own'],
  ['one of a file system, on a bind mount', bound('sync'), last, 'has no effect: a bind mount shows'],
  ['tmpcopyup of a bind mount', bound('tmpcopyup'), last, 'only a new tmpfs'],
  ['tmpcopyup of another file system', { ...tmpfs('tmpcopyup'), type: 'ramfs' }, first],
  ['copy-symlink without a source', tmpfs('copy-symlink'), first, 'only a bind mount'],
  ['src-nofollow without a source', tmpfs('src-nofollow'), first],
  ['src-nofollow beside copy-symlink', bound('src-nofollow', 'copy-symlink'), last, 'beside "copy-symlink"'],
  ['an old one', tmpfs('silent'), first, 'how much the kernel logs'],
  ['an old one on a bind mount', bound('iversion'), last, 'since Linux 5.2'],
  ['one of runc 1.1', bound('acl'), last, 'access control lists'],
  ['one of crun', bound('rmand'), last, 'no such attribute'],
  ['one on a cgroup mount', { ...tmpfs('foo'), type: 'cgroup' }, first, 'from the runtime'],
  ['dest-nofollow of a remount', { ...bind, options: ['remount', 'dest-nofollow'] }, last],
  ['idmap of a remount', { ...bind, options: ['remount', 'idmap=uids=0-0-1;gids=0-0-1'] }, last],
  ['+ what the file system is asked', tmpfs('size=1m', 'sync', 'whatever'), []],
  ['+ a remount of a file system', { ...bind, options: ['remount', 'size=1m'] }, []],
  ['+ defaults', bound('defaults', '', 'ro', 'rnodev', 'rprivate'), []],
  ['+ links', bound('copy-symlink', 'dest-nofollow'), []],
  ['+ links of a tmpfs', tmpfs('dest-nofollow', 'tmpcopyup'), []],
];
testWarned(
  warnings.map(([name, subject, at, says]) => ({
    rule: 'mount-options',
    name,
    config: mount(subject),
    at,
    ...(says !== undefined && { says }),
  })),
  mountOptionRules.warn,
);

test.run();
