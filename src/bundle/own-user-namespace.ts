import type { IdRange } from '../host/subordinate-ids.ts';
import type { Config, IdMapping, Mount } from '../spec/config.ts';
import { isMapped } from '../spec/id-mappings.ts';
import { hasNamespace } from '../spec/namespaces.ts';

/** Who calls, and what of the host's ids is theirs. */
export interface CallerIds {
  readonly uid: number;
  readonly gid: number;
  /** What newuidmap(1) would map for them; empty where it is not installed. */
  readonly uids: readonly IdRange[];
  /** The same of newgidmap(1). */
  readonly gids: readonly IdRange[];
}

/** A config that can be created by who calls, and what was changed for that. */
export interface CompletedConfig {
  readonly config: Config;
  /** One sentence a change, each after its place in config.json. */
  readonly added: readonly string[];
}

/**
 * A config without a user namespace gets one of its own, for an ordinary user, who has no rights without one. The
 * user and group that the process asks for are the caller's own, so that what belongs to the caller belongs to the
 * process; all other ids of the container, from 0 on, are the caller's subordinate ones, in their order (as crun
 * does). Pure: nothing is looked up on the machine.
 *
 * @returns undefined for a config that has a user namespace, new or joined.
 */
export function withOwnUserNamespace(config: Config, caller: CallerIds): CompletedConfig | undefined {
  const { linux } = config;
  if (hasNamespace(linux, 'user') || linux?.uidMappings?.length || linux?.gidMappings?.length)
    return undefined;
  const { uid = 0, gid = 0 } = config.process?.user ?? {};
  const uidMappings = mapsAround(uid, caller.uid, caller.uids);
  const gidMappings = mapsAround(gid, caller.gid, caller.gids);
  const { mounts, added } = withMappedGroups(config.mounts ?? [], uidMappings, gidMappings);
  return {
    config: {
      ...config,
      ...(config.mounts && { mounts }),
      linux: {
        ...linux,
        namespaces: [...(linux?.namespaces ?? []), { type: 'user' }],
        uidMappings,
        gidMappings,
      },
    },
    added: [
      `linux.namespaces: a user namespace was added, as user ${caller.uid} has no rights without one`,
      `linux.uidMappings: ${mapText('user', uidMappings)}`,
      `linux.gidMappings: ${mapText('group', gidMappings)}`,
      ...added,
    ],
  };
}

/**
 * The kernel takes less than a page of text (user_namespaces(7)), and a line has 33 bytes at most: with room for the
 * caller's own and for a range that it divides.
 */
const mostRanges = Math.floor(4095 / 33) - 2;

/** `own` is `wanted` inside; what is below and above comes from the ranges. */
function mapsAround(wanted: number, own: number, ranges: readonly IdRange[]): IdMapping[] {
  const { before, after } = cut(disjoint(ranges, own).slice(0, mostRanges), wanted);
  return [
    ...linesFrom(0, before),
    { containerID: wanted, hostID: own, size: 1 },
    ...linesFrom(wanted + 1, after),
  ];
}

/** The first `length` ids of ranges, and those behind. */
function cut(ranges: readonly IdRange[], length: number): { before: IdRange[]; after: IdRange[] } {
  const before: IdRange[] = [];
  const after: IdRange[] = [];
  let wanted = length;
  for (const { first, count } of ranges) {
    const taken = Math.min(count, wanted);
    wanted -= taken;
    if (taken > 0) before.push({ first, count: taken });
    if (taken < count) after.push({ first: first + taken, count: count - taken });
  }
  return { before, after };
}

/** Ranges one behind the other, from an id of the container on. */
function linesFrom(start: number, ranges: readonly IdRange[]): IdMapping[] {
  let containerID = start;
  return ranges.map(({ first, count }) => {
    const line = { containerID, hostID: first, size: count };
    containerID += count;
    return line;
  });
}

/** No id twice: neither the caller's own, nor those of lines that overlap. */
function disjoint(ranges: readonly IdRange[], own: number): IdRange[] {
  const taken: IdRange[] = [{ first: own, count: 1 }];
  for (const range of ranges) {
    const rest = taken.reduce((pieces, other) => pieces.flatMap((piece) => without(piece, other)), [
      range,
    ] as readonly IdRange[]);
    taken.push(...rest);
  }
  return taken.slice(1);
}

/** What of a range is not in another. */
function without({ first, count }: IdRange, other: IdRange): IdRange[] {
  const end = first + count;
  const otherEnd = other.first + other.count;
  return [
    { first, count: Math.min(end, other.first) - first },
    { first: Math.max(first, otherEnd), count: end - Math.max(first, otherEnd) },
  ].filter((piece) => piece.count > 0);
}

function mapText(kind: 'user' | 'group', lines: readonly IdMapping[]): string {
  const [only] = lines;
  if (lines.length === 1 && only?.size === 1)
    return `${kind} ${only.containerID} of the container is ${only.hostID} of the host, and there are no others: no subordinate ids, or no new${kind.charAt(0)}idmap`;
  const said = lines.map(
    ({ containerID, hostID, size }) => `${span(containerID, size)} is ${span(hostID, size)}`,
  );
  return `${kind} ${said.join(', ')} of the host`;
}

function span(first: number, size: number): string {
  return size === 1 ? String(first) : `${first}-${first + size - 1}`;
}

/** Filesystems that the kernel gives an owner by an option, which must be mapped (tmpfs(5), devpts.rst). */
const owned: readonly (string | undefined)[] = ['devpts', 'tmpfs'];

/** `gid=5` of /dev/pts, which every generated config has, is left out where there is no group 5. */
function withMappedGroups(
  mounts: readonly Mount[],
  uids: readonly IdMapping[],
  gids: readonly IdMapping[],
): { readonly mounts: Mount[]; readonly added: string[] } {
  const added: string[] = [];
  const keeps = (option: string): boolean => {
    const [, kind, id] = /^([ug])id=(\d+)$/.exec(option) ?? [];
    if (kind === undefined) return true;
    return isMapped(Number(id), kind === 'u' ? uids : gids);
  };
  const changed = mounts.map((mount, index) => {
    const lost = owned.includes(mount.type) ? (mount.options ?? []).filter((option) => !keeps(option)) : [];
    if (lost.length === 0) return mount;
    added.push(`mounts[${index}].options: ${lost.join(', ')} was left out: it is not mapped`);
    return { ...mount, options: (mount.options ?? []).filter((option) => !lost.includes(option)) };
  });
  return { mounts: changed, added };
}
