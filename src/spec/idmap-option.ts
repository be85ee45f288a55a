import type { IdMapping, Linux } from './config.ts';
import { createsNamespace, joinedNamespace } from './namespaces.ts';
import { quote } from './pointer.ts';

/** One triplet of `idmap=`: where the ids of the file system begin, what they become, how many they are. */
export interface IdmapRange extends IdMapping {
  /** With `@`: `hostID` is one of the container's user namespace. */
  readonly relative: boolean;
}

/** What `idmap=` or `ridmap=` says (crun(1), "idmap mount options"). */
export interface IdmapOption {
  readonly uids: readonly IdmapRange[];
  readonly gids: readonly IdmapRange[];
}

/** How it is written, for messages. */
const form =
  'write uids=FROM-TO-COUNT;gids=FROM-TO-COUNT, more ranges after "#", "@" before those of the container';

/** The bare `idmap` and `ridmap` are options of the table; these have a mapping of their own. */
const beginning = /^(r?)idmap=/;

/** An option that brings a mapping: its text, and whether it is for the whole tree. Undefined for others. */
export function idmapText(
  option: string,
): { readonly text: string; readonly recursive: boolean } | undefined {
  const found = beginning.exec(option);
  return found === null ? undefined : { text: option.slice(found[0].length), recursive: found[1] === 'r' };
}

function readRange(text: string): IdmapRange | undefined {
  const [whole, relative, ...numbers] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const [containerID, hostID, size] = numbers.map(Number);
  if (whole === undefined || containerID === undefined || hostID === undefined || size === undefined)
    return undefined;
  return { containerID, hostID, size, relative: relative === '@' };
}

/** Reads what stands behind `idmap=`; a text says what is wrong with it. */
export function readIdmap(text: string): IdmapOption | string {
  const read: { uids?: IdmapRange[]; gids?: IdmapRange[] } = {};
  for (const part of text.split(';')) {
    const [, name, list] = /^(uids|gids)=(.*)$/.exec(part) ?? [];
    if (list === undefined || (name !== 'uids' && name !== 'gids'))
      return `has ${quote(part)}, which is neither uids= nor gids=; ${form}`;
    if (read[name] !== undefined) return `has ${name}= twice`;
    const ranges: IdmapRange[] = [];
    for (const each of list.split('#')) {
      const range = readRange(each);
      if (range === undefined) return `has ${quote(each)} in ${name}=, which is no range of ids; ${form}`;
      ranges.push(range);
    }
    read[name] = ranges;
  }
  const { uids, gids } = read;
  // The kernel wants both of a namespace that maps a mount.
  if (uids === undefined || gids === undefined)
    return `has no ${uids === undefined ? 'uids' : 'gids'}=, and a mount needs both; ${form}`;
  return { uids, gids };
}

/** Without a user namespace ids of the container are those of the host. */
const identity: readonly IdMapping[] = [{ containerID: 0, hostID: 0, size: 0xffff_ffff }];

/** A relative range as ranges of the host: one for each line of the namespace's map that it touches. */
function translate(
  { containerID: from, hostID: to, size }: IdMapping,
  map: readonly IdMapping[],
): IdMapping[] {
  const found: IdMapping[] = [];
  for (const line of map) {
    const first = Math.max(to, line.containerID);
    const end = Math.min(to + size, line.containerID + line.size);
    if (first >= end) continue;
    const hostID = line.hostID + first - line.containerID;
    found.push({ containerID: from + first - to, hostID, size: end - first });
  }
  return found.sort((one, other) => one.containerID - other.containerID);
}

function absolute(ranges: readonly IdmapRange[], map: readonly IdMapping[]): IdMapping[] | string {
  const found: IdMapping[] = [];
  for (const { relative, ...range } of ranges) {
    const translated = relative ? translate(range, map) : [range];
    const size = translated.reduce((sum, each) => sum + each.size, 0);
    if (size !== range.size)
      return `has ids ${range.hostID} to ${range.hostID + range.size - 1} of the container, which its user namespace does not all map`;
    found.push(...translated);
  }
  return found;
}

/**
 * The mapping of `idmap=` in the host's ids: lines for /proc/PID/uid_map (user_namespaces(7)). A relative range that
 * lies in several lines of the container's map is split. A text says why there is none.
 */
export function resolveIdmap(
  { uids, gids }: IdmapOption,
  linux: Linux,
): { readonly uidMappings: readonly IdMapping[]; readonly gidMappings: readonly IdMapping[] } | string {
  const own = createsNamespace(linux, 'user');
  if (joinedNamespace(linux, 'user') !== undefined && [...uids, ...gids].some(({ relative }) => relative))
    return 'has ids relative to a user namespace that is given by its path, whose map is not known here';
  const uidMappings = absolute(uids, own ? (linux.uidMappings ?? []) : identity);
  if (typeof uidMappings === 'string') return uidMappings;
  const gidMappings = absolute(gids, own ? (linux.gidMappings ?? []) : identity);
  return typeof gidMappings === 'string' ? gidMappings : { uidMappings, gidMappings };
}
