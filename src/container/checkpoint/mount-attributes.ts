import { Failure } from '../../failure.ts';
import { readScratch, runChild, withScratch } from '../../host/child.ts';
import type { Host } from '../../host/host.ts';
import { type MountEntry, parseMountTable } from '../../host/mount-table.ts';
import { openStub } from '../../launch/launch.ts';
import type { Config } from '../../spec/config.ts';
import { mountAttribute } from '../../spec/kernel-flags.ts';
import { attributesOf, parseMountOptions } from '../../spec/mount-options.ts';
import { isBindMount, type Place } from './external-mounts.ts';
import type { NotedMount } from './images.ts';

const maximumTable = 64 * 1024 * 1024;
const maximumWords = 4096;
/** The options that restrict a mount: mountinfo calls them by the same names as a config. */
const restrictions = new Map(
  ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'].map((name) => [name, parseMountOptions([name]).set]),
);
const allRestrictions = [...restrictions.values()].reduce((all, each) => all | each, 0);

/** The restrictions of a mount as MOUNT_ATTR_* bits. */
export function restrictionsOf({ options }: MountEntry): number {
  let attributes = 0;
  for (const word of options.split(',')) attributes |= restrictions.get(word) ?? 0;
  return attributes;
}

/** What the config says of mounts that come from the host, for images that were written without notes. */
export function expectedMounts({ mounts = [], linux }: Config, place: Place): NotedMount[] {
  const mask = mountAttribute.rdonly | mountAttribute.nosuid | mountAttribute.noexec;
  const binds = mounts.filter(isBindMount).map(({ destination, options }) => ({
    target: place(destination),
    attributes: attributesOf(parseMountOptions(options)) & allRestrictions,
    external: true,
  }));
  const masked = (linux?.maskedPaths ?? []).map((path) => ({
    target: place(path),
    attributes: mask,
    external: true,
  }));
  return [...binds, ...masked];
}

/** How a mount differs from what it was: which bits to set and to clear. */
export interface Correction {
  readonly target: string;
  readonly set: number;
  readonly clear: number;
}

/** Of several mounts on one place the last lies on top, and it is the one that is seen. */
export function corrections(wanted: readonly NotedMount[], present: readonly MountEntry[]): Correction[] {
  const seen = new Map(present.map((mount) => [mount.target, restrictionsOf(mount)]));
  const list: Correction[] = [];
  for (const [target, attributes] of new Map(wanted.map((mount) => [mount.target, mount.attributes]))) {
    const now = seen.get(target);
    if (now !== undefined && now !== attributes)
      list.push({ target, set: attributes & ~now, clear: now & ~attributes });
  }
  return list;
}

/**
 * Gives the mounts of a restored container, before it goes on, the attributes that they had: CRIU (3.17) forgets them
 * for all but one of several mounts of the same thing, so that masked files and read-only volumes could be written.
 *
 * Throws `Failure` when they cannot be set.
 */
export async function keepAttributes(host: Host, pid: number, wanted: readonly NotedMount[]): Promise<void> {
  const { native } = host;
  const table = parseMountTable(native.readText(`/proc/${pid}/mountinfo`, maximumTable));
  const changes = corrections(wanted, table);
  if (changes.length === 0) return;
  const words = changes.flatMap(({ target, set, clear }) => [String(set), String(clear), target]);
  const file = openStub(host);
  try {
    await withScratch(native, 'tsoci-remount', async (said) => {
      const argv = ['tsoci-init', 'remount', String(pid), ...words];
      const { code } = await runChild(host, { file, argv, environment: [], descriptors: [said, said, said] });
      if (code === 0) return;
      const why = readScratch(native, said, maximumWords).trim();
      throw new Failure('system', `restricting the restored mounts: ${why}`);
    });
  } finally {
    native.close(file);
  }
}
