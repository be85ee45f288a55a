import { must, optional, section, should, shouldNot } from '../support/clause.ts';

/** Options that a runtime must have. */
const needed =
  'async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime ' +
  'norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared silent slave ' +
  'strictatime suid sync unbindable';

/** Options that it should have. */
const wanted =
  'nosymfollow ratime rdev rdiratime rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow rrelatime ' +
  'rro rrw rstrictatime rsuid rsymfollow symfollow';

const bindTests: Readonly<Record<string, readonly string[]>> = {
  bind: ['mount-option.bind', 'mount-option.bind-attributes', 'mounts.bind-not-recursive'],
  rbind: ['mount-option.rbind', 'mounts.bind-not-recursive'],
};

const mappings = ['idmap', 'ridmap'] as const;
const mappingTests = {
  idmap: ['idmap.own-mappings', 'idmap.recursive'],
  ridmap: ['idmap.recursive'],
} as const;

export const mountOptionClauses = section('config.md#configLinuxMountOptions', [
  must(
    'mount-option.all-needed',
    'The options that the table demands are known.',
    needed.split(' ').map((name) => `mount-option.${name}`),
  ),
  should(
    'mount-option.all-wanted',
    'The options that the table recommends are known.',
    wanted.split(' ').map((name) => `mount-option.${name}`),
  ),
  ...needed
    .split(' ')
    .map((name) =>
      must(
        `mount-option.${name}`,
        `${name} means what it means to mount(8).`,
        bindTests[name] ?? `mount-option.${name}`,
      ),
    ),
  ...wanted
    .split(' ')
    .map((name) =>
      should(`mount-option.${name}`, `${name} means what the table says.`, `mount-option.${name}`),
    ),
  ...mappings.flatMap((name) => [
    should(`mount-option.${name}`, `${name} is known.`, mappingTests[name]),
    must(`mount-option.${name}-mapped`, `With ${name} the ids of the mount are mapped.`, mappingTests[name]),
    shouldNot(`mount-option.${name}-not-passed`, `${name} is not handed to mount(2).`, mappingTests[name]),
    must(
      `mount-option.${name}-own`,
      `Mappings of the mount itself are used with ${name}.`,
      mappingTests[name],
    ),
    must(
      `mount-option.${name}-container`,
      `Without such mappings ${name} takes those of the container, or is an error.`,
      name === 'idmap' ? 'idmap.container-mappings' : 'idmap.without-any-mapping',
    ),
    must(`mount-option.${name}-none`, `With neither, ${name} is an error.`, 'idmap.without-any-mapping'),
    should(`mount-option.${name}-by-kernel`, `${name} is mount_setattr’s.`, [
      'idmap.written-files',
      ...mappingTests[name],
    ]),
  ]),
  must('mount-option.mount8', 'What has to be known means what it means to mount(8).', [
    'mount-option.rw',
    'mount-option.atime',
    'mount-option.nostrictatime',
  ]),
  should('mount-option.further', 'Further options that mount(8) knows mean the same.', [
    'mount-option.rnodev',
    'mounts.unknown-options',
  ]),
  should('mount-option.unknown', 'Unknown options go to the filesystem.', [
    'mounts.unknown-options',
    'mounts.tmpfs',
  ]),
  optional(
    'mount-option.tmpcopyup',
    'tmpcopyup fills a tmpfs with what is below it.',
    'mount-option.tmpcopyup',
    0,
  ),
]);
