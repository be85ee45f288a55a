import { mountAttribute } from '../../spec/kernel-flags.ts';
import { attributesOf, isBind } from '../../spec/mount-options.ts';
import { hasNamespace } from '../../spec/namespaces.ts';
import { isInside, normalizePath } from '../../spec/path.ts';
import type { Compilation, PlannedMount } from '../compilation.ts';
import { NO_SLOT } from '../operations.ts';

/** Where the host's cgroups are shown. */
export const cgroupRoot = '/sys/fs/cgroup';

/** Filesystems of ours whose mount becomes read-only at the end, when everything was made below them. */
export function isSealed({ facts }: Compilation, { mount, options }: PlannedMount): boolean {
  if (isBind(mount, options) || options.remount) return false;
  if ((attributesOf(options) & mountAttribute.rdonly) === 0) return false;
  return mount.type === 'tmpfs' || (mount.type === 'cgroup' && facts.cgroups.mode !== 'v2');
}

/**
 * The index of the mount that a path leads into: the last of those that lie on it or above it. -1 when that is the
 * root filesystem.
 */
function mountAt(mounts: readonly PlannedMount[], path: string, before = mounts.length): number {
  for (let index = before - 1; index >= 0; index--) {
    const { target, options, link } = mounts[index] as PlannedMount;
    if (!options.remount && link === undefined && isInside(path, target)) return index;
  }
  return -1;
}

/**
 * Mounts that are needed again after they were made. They are kept open then: who may rename what lies in the root
 * filesystem moves them with their mount points, so that a second lookup by their path finds something else, or
 * nothing.
 */
export function mountsNeededLater(compilation: Compilation): ReadonlySet<number> {
  const { linux, mounts } = compilation;
  const needed = new Set<number>();
  for (const path of linux.maskedPaths ?? []) needed.add(mountAt(mounts, normalizePath(path)));
  for (const path of linux.readonlyPaths ?? []) needed.add(mountAt(mounts, normalizePath(path)));
  needed.add(hostCgroups(compilation));
  for (const planned of mounts) {
    const { index, target, options } = planned;
    if (isSealed(compilation, planned)) needed.add(index);
    if (!options.remount) continue;
    const meant = mountAt(mounts, target, index);
    if (mounts[meant]?.target === target) needed.add(meant);
  }
  // The root filesystem itself.
  needed.delete(-1);
  return needed;
}

/**
 * The mount that shows the host's cgroups, where whoever calls is no root of the machine (see `sealCgroups`); -1
 * without one. A private cgroup namespace shows the container's own alone.
 */
export function hostCgroups({ mounts, facts, linux, ownMounts }: Compilation): number {
  if (!ownMounts || (!facts.rootless && facts.makesDevices)) return -1;
  const index = mountAt(mounts, cgroupRoot);
  const planned = mounts[index];
  if (planned === undefined) return -1;
  const { mount, options } = planned;
  const ofHost = /^cgroup2?$/.test(mount.type ?? '') && !hasNamespace(linux, 'cgroup');
  return ofHost || isBind(mount, options) ? index : -1;
}

/** A slot for the mount that is being planned, if it is needed later. */
export function handleFor({ needed, handles, plan }: Compilation, index: number): number {
  if (!needed.has(index)) return NO_SLOT;
  const slot = plan.slot();
  handles.set(index, slot);
  return slot;
}

/**
 * The handle of the mount that lies on a target, for the remount at `index`; `NO_SLOT` when it is none of the
 * config's.
 */
export function mountOn({ mounts, handles }: Compilation, target: string, index: number): number {
  const meant = mountAt(mounts, target, index);
  return mounts[meant]?.target === target ? (handles.get(meant) ?? NO_SLOT) : NO_SLOT;
}

/**
 * A path as a place in a mount that is open: its handle and the way from there. That begins with "..", which stays at
 * the root of the mount but ends on top of what is mounted on it.
 */
export function placeOf(
  { mounts, handles }: Compilation,
  path: string,
): { readonly mount: number; readonly inside: string } {
  const index = mountAt(mounts, path);
  const mount = handles.get(index);
  if (mount === undefined) return { mount: NO_SLOT, inside: '' };
  const { target } = mounts[index] as PlannedMount;
  return { mount, inside: `..${path.slice(target === '/' ? 0 : target.length)}` };
}
