import { Failure, messageOf } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC } from '../../host/open-flags.ts';
import { programDirectories, programPath } from '../../host/program-directories.ts';
import { idMapText } from '../../plan/rootfs/idmapped-mounts.ts';
import type { IdMapping, Linux } from '../../spec/config.ts';

/** One id, the caller's own: the only map that an ordinary user may write without help. */
function isOwnId(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.length === 1 && mappings[0]?.size === 1 && mappings[0].hostID === id;
}

/** The group map of an ordinary user alone takes away setgroups(2), for the whole life of the namespace. */
export function forbidsSetGroups(host: Host, linux: Linux): boolean {
  return host.native.userId() !== 0 && isOwnId(linux.gidMappings ?? [], host.native.groupId());
}

/**
 * Gives the new user namespace of process `pid`, our own child, its ids. An ordinary user's subordinate ids
 * (subuid(5)) are mapped by newuidmap(1) and newgidmap(1).
 *
 * Throws `Failure` naming the mapping and the reason.
 */
export async function writeIdMaps(host: Host, linux: Linux, pid: number): Promise<void> {
  const { native } = host;
  const uidMappings = linux.uidMappings ?? [];
  const gidMappings = linux.gidMappings ?? [];
  const privileged = native.userId() === 0;
  if (!privileged && isOwnId(gidMappings, native.groupId()))
    native.writeFile(`/proc/${pid}/setgroups`, 'deny');
  const maps = [
    {
      file: 'gid_map',
      helper: 'newgidmap',
      mappings: gidMappings,
      own: native.groupId(),
      pointer: '/linux/gidMappings',
    },
    {
      file: 'uid_map',
      helper: 'newuidmap',
      mappings: uidMappings,
      own: native.userId(),
      pointer: '/linux/uidMappings',
    },
  ];
  for (const { file, helper, mappings, own, pointer } of maps) {
    if (privileged || isOwnId(mappings, own)) writeMap(host, `/proc/${pid}/${file}`, mappings, pointer);
    else await runMapHelper(host, pid, { helper, mappings, pointer });
  }
}

function writeMap(host: Host, path: string, mappings: readonly IdMapping[], pointer: string): void {
  try {
    host.native.writeFile(path, idMapText(mappings));
  } catch (cause) {
    throw new Failure('system', `cannot map ${idsOf(mappings)}: ${messageOf(cause)}`, {
      cause,
      pointer,
      ...lengthHint(mappings),
    });
  }
}

/** As the kernel is told them, where a person would read that. */
function idsOf(mappings: readonly IdMapping[]): string {
  const text = idMapText(mappings).trim();
  return text.length > 200 ? `${mappings.length} lines of ids` : `ids ${JSON.stringify(text)}`;
}

/** user_namespaces(7): a map is written at once, and is shorter than a page. */
const page = 4096;

function lengthHint(mappings: readonly IdMapping[]): { hint?: string } {
  const { length } = idMapText(mappings);
  if (length < page) return {};
  return {
    hint: `The kernel takes less than a page of them (${page} bytes on most machines), and these are ${length}: join neighbouring ranges`,
  };
}

async function runMapHelper(
  host: Host,
  pid: number,
  {
    helper,
    mappings,
    pointer,
  }: { readonly helper: string; readonly mappings: readonly IdMapping[]; readonly pointer: string },
): Promise<void> {
  const { native } = host;
  const file = openHelper(host, helper, pointer);
  const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  const argv = [helper, String(pid), ...numbers.map(String)];
  let child: number;
  try {
    child = native.spawn({
      file,
      argv,
      environment: [programPath],
      descriptors: [2, 2, 2],
    });
  } catch (cause) {
    throw new Failure('system', `cannot start ${helper}: ${messageOf(cause)}`, { cause, pointer });
  } finally {
    native.close(file);
  }
  const status = await host.wait.child(child);
  if (status.code === 0) return;
  throw new Failure('system', `${helper} refused to map ${idsOf(mappings)}`, {
    pointer,
    hint: `The ids must be listed for this user in /etc/sub${helper.slice(3, 4)}id, and ${helper} needs its privileges: it is set-user-ID, and the caller is without no_new_privs`,
    ...lengthHint(mappings),
  });
}

/** newuidmap(1) or newgidmap(1) is installed. */
export function hasMapHelper(native: Native, helper: string): boolean {
  return programDirectories.some((directory) => {
    const path = `${directory}/${helper}`;
    return ask('look at', path, () => native.status(path, true)) !== undefined;
  });
}

function openHelper(host: Host, helper: string, pointer: string): number {
  for (const directory of programDirectories) {
    try {
      return host.native.open(`${directory}/${helper}`, O_CLOEXEC, 0);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    }
  }
  throw new Failure('unsupported', `mapping more than one's own id takes ${helper}, which is not installed`, {
    pointer,
    hint: 'Install the package uidmap (or shadow-utils), or map your own id alone',
  });
}
