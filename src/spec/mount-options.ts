import { Failure } from '../failure.ts';
import type { Mount } from './config.ts';
import { type IdmapOption, idmapText, readIdmap } from './idmap-option.ts';
import { mountAttribute as attribute, propagationType as propagation } from './kernel-flags.ts';

/**
 * What one option of the specification's table, or of crun(1), means. Feeds the parser, the plan and `features`
 * alike.
 */
export type MountOption =
  /** A mount attribute to set or clear, on the mount alone or (`r…` forms) on everything below it. */
  | { readonly set?: number; readonly clear?: number; readonly recursive?: true }
  | { readonly propagation: number; readonly recursive: boolean }
  | { readonly bind: true; readonly recursive: boolean }
  | { readonly remount: true }
  | { readonly copyUp: true }
  /** `idmap=` and `ridmap=` bring a mapping. */
  | { readonly idmap: true; readonly recursive: boolean; readonly mapping?: IdmapOption }
  /** How a bind mount treats symbolic links, and the destination of any mount. */
  | { readonly link: 'copySymlink' | 'sourceNoFollow' | 'destinationNoFollow' }
  /** A flag of the superblock, handed to the filesystem under this name. */
  | { readonly superblock: string }
  /** Accepted, and nothing to do: why that is so; empty where nothing is what it asks for. */
  | { readonly nothing: string };

const atime = attribute.atimeMask;

/**
 * Attributes with their negation. Each name also exists with `r` before it, meaning the whole tree (mount_setattr(2)
 * with AT_RECURSIVE). `atime` and its kin clear the whole atime field first, which is a number and not bits.
 */
const attributeOptions: Readonly<Record<string, { readonly set?: number; readonly clear?: number }>> = {
  ro: { set: attribute.rdonly },
  rw: { clear: attribute.rdonly },
  nosuid: { set: attribute.nosuid },
  suid: { clear: attribute.nosuid },
  nodev: { set: attribute.nodev },
  dev: { clear: attribute.nodev },
  noexec: { set: attribute.noexec },
  exec: { clear: attribute.noexec },
  noatime: { set: attribute.noatime, clear: atime },
  atime: { clear: atime },
  relatime: { set: attribute.relatime, clear: atime },
  // As mount(8) has it: without it the kernel's own default, which is relatime.
  norelatime: { clear: atime },
  strictatime: { set: attribute.strictatime, clear: atime },
  nostrictatime: { set: attribute.relatime, clear: atime },
  nodiratime: { set: attribute.nodiratime },
  diratime: { clear: attribute.nodiratime },
  nosymfollow: { set: attribute.nosymfollow },
  symfollow: { clear: attribute.nosymfollow },
};

const logChatter = 'how much the kernel logs of a mount is not for the mount API to say';
const inodeVersions = 'versions of inodes are the business of the file system itself since Linux 5.2';

const accessLists = 'whether it has access control lists is the business of the file system itself';
const notRecursive =
  'it is about a file system, not about the mounts below: the kernel has no such attribute';

const otherOptions: Readonly<Record<string, MountOption>> = {
  bind: { bind: true, recursive: false },
  rbind: { bind: true, recursive: true },
  remount: { remount: true },
  private: { propagation: propagation.private, recursive: false },
  rprivate: { propagation: propagation.private, recursive: true },
  shared: { propagation: propagation.shared, recursive: false },
  rshared: { propagation: propagation.shared, recursive: true },
  slave: { propagation: propagation.slave, recursive: false },
  rslave: { propagation: propagation.slave, recursive: true },
  unbindable: { propagation: propagation.unbindable, recursive: false },
  runbindable: { propagation: propagation.unbindable, recursive: true },
  tmpcopyup: { copyUp: true },
  idmap: { idmap: true, recursive: false },
  ridmap: { idmap: true, recursive: true },
  'copy-symlink': { link: 'copySymlink' },
  'src-nofollow': { link: 'sourceNoFollow' },
  'dest-nofollow': { link: 'destinationNoFollow' },
  sync: { superblock: 'sync' },
  async: { superblock: 'async' },
  dirsync: { superblock: 'dirsync' },
  lazytime: { superblock: 'lazytime' },
  nolazytime: { superblock: 'nolazytime' },
  mand: { superblock: 'mand' },
  nomand: { superblock: 'nomand' },
  silent: { nothing: logChatter },
  loud: { nothing: logChatter },
  iversion: { nothing: inodeVersions },
  noiversion: { nothing: inodeVersions },
  acl: { nothing: accessLists },
  noacl: { nothing: accessLists },
  rsync: { nothing: notRecursive },
  rasync: { nothing: notRecursive },
  rdirsync: { nothing: notRecursive },
  rmand: { nothing: notRecursive },
  rnomand: { nothing: notRecursive },
  defaults: { nothing: '' },
};

/**
 * An option of runtime-spec 1.3's table or of crun(1); undefined for others. Looked up in place: a config uses few of
 * them.
 *
 * Throws `Failure` (`invalid`) for a mapping that is not one; the rules refuse it with its place before.
 */
export function mountOption(name: string): MountOption | undefined {
  if (Object.hasOwn(otherOptions, name)) return otherOptions[name];
  if (Object.hasOwn(attributeOptions, name)) return attributeOptions[name];
  const mapped = idmapText(name);
  if (mapped !== undefined) {
    const mapping = readIdmap(mapped.text);
    if (typeof mapping === 'string') throw new Failure('invalid', `mount option "${name}" ${mapping}`);
    return { idmap: true, recursive: mapped.recursive, mapping };
  }
  const plain = name.slice(1);
  if (name[0] !== 'r' || !Object.hasOwn(attributeOptions, plain)) return undefined;
  return { ...attributeOptions[plain], recursive: true };
}

/** The names of all of them. */
export function mountOptionNames(): string[] {
  const attributes = Object.keys(attributeOptions);
  return [...Object.keys(otherOptions), ...attributes, ...attributes.map((name) => `r${name}`)];
}

/** Those that mean one thing, for rules that look at the options before they are sorted out. */
export function optionNames(meaning: 'bind' | 'remount' | 'idmap' | 'propagation'): string[] {
  return Object.keys(otherOptions).filter((name) => meaning in (otherOptions[name] as MountOption));
}

/** The options of one mount, sorted out. */
export interface ParsedMountOptions {
  readonly bind: 'no' | 'bind' | 'rbind';
  readonly remount: boolean;
  readonly copyUp: boolean;
  readonly idmap: 'no' | 'idmap' | 'ridmap';
  /** What `idmap=` brought along. */
  readonly mapping: IdmapOption | undefined;
  /** A source that is a symbolic link becomes the same link in the container. */
  readonly copySymlink: boolean;
  /** A symbolic link is itself what is mounted, or mounted on. */
  readonly sourceNoFollow: boolean;
  readonly destinationNoFollow: boolean;
  readonly set: number;
  readonly clear: number;
  readonly setRecursive: number;
  readonly clearRecursive: number;
  readonly propagation: number;
  readonly propagationRecursive: boolean;
  /** For the filesystem itself, `flag` or `key=value`. */
  readonly data: readonly string[];
}

type MutableMountOptions = { -readonly [K in keyof ParsedMountOptions]: ParsedMountOptions[K] } & {
  data: string[];
};

/** Later options win over earlier ones, as in mount(8): `ro,rw` is writable. */
function applyAttribute(result: MutableMountOptions, set: number, clear: number, recursive: boolean): void {
  const gone = set | clear;
  if (recursive) {
    result.setRecursive = (result.setRecursive & ~gone) | set;
    result.clearRecursive = (result.clearRecursive & ~set) | clear;
    // The tree's own mount is one of them: what was said of it alone before is overruled.
    result.set &= ~gone;
    result.clear &= ~gone;
  } else {
    result.set = (result.set & ~gone) | set;
    result.clear = (result.clear & ~set) | clear;
  }
}

function applyOption(result: MutableMountOptions, option: MountOption): void {
  if ('bind' in option) result.bind = option.recursive ? 'rbind' : 'bind';
  else if ('remount' in option) result.remount = true;
  else if ('copyUp' in option) result.copyUp = true;
  else if ('idmap' in option) {
    result.idmap = option.recursive ? 'ridmap' : 'idmap';
    result.mapping = option.mapping;
  } else if ('link' in option) result[option.link] = true;
  else if ('propagation' in option) {
    result.propagation = option.propagation;
    result.propagationRecursive = option.recursive;
  } else if ('nothing' in option) return;
  else if ('superblock' in option) result.data.push(option.superblock);
  else applyAttribute(result, option.set ?? 0, option.clear ?? 0, option.recursive === true);
}

/** The attributes of a mount that has nothing below it, where the `r…` forms mean the same as the others. */
export function attributesOf(options: ParsedMountOptions): number {
  return (options.setRecursive & ~options.clear) | options.set;
}

/** SELinux labels have commas of their own, and come in quotes that mount(2) takes off. */
const labelled = /^(?:fs|def|root)?context=/;

/**
 * The specification has these joined by commas, so one text may hold several; `\,` belongs to a value (overlay's
 * directories).
 */
function addData(data: string[], text: string): void {
  if (!text.includes(',') && !text.includes('"')) {
    if (text !== '') data.push(text);
  } else if (labelled.test(text)) data.push(text.replaceAll('"', ''));
  else data.push(...text.split(/(?<!\\),/).filter((part) => part !== ''));
}

/** Sorts the options of a mount; unknown ones are the filesystem's (config.md, Linux mount options). */
export function parseMountOptions(options: readonly string[] | undefined): ParsedMountOptions {
  const result: MutableMountOptions = {
    bind: 'no',
    remount: false,
    copyUp: false,
    idmap: 'no',
    mapping: undefined,
    copySymlink: false,
    sourceNoFollow: false,
    destinationNoFollow: false,
    set: 0,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: false,
    data: [],
  };
  for (const text of options ?? []) {
    const option = mountOption(text);
    if (option === undefined) addData(result.data, text);
    else applyOption(result, option);
  }
  return result;
}

/** A bind mount by its options, or by the type that Docker's older configs carry. */
export function isBind({ type }: Pick<Mount, 'type'>, options: Pick<ParsedMountOptions, 'bind'>): boolean {
  return options.bind !== 'no' || type === 'bind';
}

/** The mount is to be read-only. */
export function isReadonly({ set, setRecursive }: Pick<ParsedMountOptions, 'set' | 'setRecursive'>): boolean {
  return ((set | setRecursive) & attribute.rdonly) !== 0;
}
