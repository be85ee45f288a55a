import type { MountEntry } from '../../host/mount-table.ts';
import type { Config, Mount } from '../../spec/config.ts';
import { isBind, parseMountOptions } from '../../spec/mount-options.ts';
import { hasNamespace } from '../../spec/namespaces.ts';
import { isInside, normalizePath, resolvePath } from '../../spec/path.ts';
import type { NotedMount } from './images.ts';

/**
 * Filesystems of the kernel or of a namespace: CRIU mounts them anew, though the host may have the very same ones.
 */
const anew = ['sysfs', 'proc', 'mqueue', 'securityfs', 'bpf', 'debugfs', 'tracefs', 'binfmt_misc'];

export function isBindMount(mount: Mount): boolean {
  return isBind(mount, parseMountOptions(mount.options));
}

/** Where a destination of the config really is, when links of the root filesystem lead elsewhere. */
export type Place = (destination: string) => string;

/** In a cgroup namespace of its own a container mounts cgroups itself; otherwise it is shown the host's. */
function ownsCgroups({ linux }: Config): boolean {
  return hasNamespace(linux, 'cgroup');
}

/**
 * The places in a container whose mounts come from the host, so that CRIU takes them from there again instead of
 * saving what is in them: bind mounts with all that is mounted below them, masked files, and what else shows a
 * filesystem of the host that is not a part of the root filesystem.
 */
export function externalMounts(
  config: Config,
  inside: readonly MountEntry[],
  host: readonly MountEntry[],
  place: Place,
): string[] {
  const ofHost = new Set(host.map(({ device }) => device));
  const binds = new Set((config.mounts ?? []).filter(isBindMount).map((each) => place(each.destination)));
  const types = ownsCgroups(config) ? [...anew, 'cgroup', 'cgroup2'] : anew;
  const isOwn = ({ device, root, target, type }: MountEntry): boolean => {
    if (target === '/') return true;
    if (binds.has(target)) return false;
    if (type.startsWith('cgroup')) return types.includes(type);
    return !ofHost.has(device) || (root === '/' && types.includes(type));
  };
  const own = inside.filter(isOwn);
  const external = new Set<string>();
  for (const mount of inside) {
    if (own.includes(mount)) continue;
    const part = own.some(({ device, root }) => device === mount.device && isInside(mount.root, root));
    if (binds.has(mount.target) || !part) external.add(mount.target);
  }
  return [...external];
}

/** Where the host has what a restored container shows at an external place. */
export interface MountSources {
  readonly config: Config;
  /** Absolute, as the config's sources are relative to it. */
  readonly bundle: string;
  readonly rootfs: string;
  readonly place: Place;
  /** The container's own cgroup directories by the place where it sees them, when it is shown the host's. */
  readonly cgroups: ReadonlyMap<string, string>;
}

/**
 * The path on the host for a place: the source of its bind mount or of one above it, otherwise that place in the root
 * filesystem.
 */
export function sourceOf(target: string, sources: MountSources): string {
  const { config, bundle, rootfs, place, cgroups } = sources;
  const cgroup = cgroups.get(target);
  if (cgroup !== undefined) return cgroup;
  if ((config.linux?.maskedPaths ?? []).some((path) => place(path) === target)) return '/dev/null';
  let best: { readonly at: string; readonly mount: Mount } | undefined;
  for (const mount of config.mounts ?? []) {
    const at = place(mount.destination);
    // The last of several on one place lies on top.
    if (isInside(target, at) && (best === undefined || at.length >= best.at.length)) best = { at, mount };
  }
  if (best !== undefined && isBindMount(best.mount)) {
    const source = resolvePath(bundle, best.mount.source ?? '');
    return target === best.at ? source : normalizePath(`${source}/${target.slice(best.at.length)}`);
  }
  // A device that was bound because it could not be made.
  return target.startsWith('/dev/') ? target : normalizePath(`${rootfs}/${target}`);
}

/**
 * Where the mounts that came from the host come from now. Images of runc name masked files by what covers them.
 */
export function externalSources(
  mounts: readonly NotedMount[],
  sources: MountSources,
): { readonly key: string; readonly val: string }[] {
  const named = mounts.filter(({ external }) => external).map(({ target }) => target);
  const list = named.map((key) => ({ key, val: sourceOf(key, sources) }));
  return [...list, { key: '/dev/null', val: '/dev/null' }];
}

/** What CRIU mounts on in the root filesystem: it has to be there, which a fresh one does not have yet. */
export interface MountPoint {
  readonly path: string;
  readonly kind: 'directory' | 'file';
}

/**
 * The places of the config's mounts that lie in the root filesystem itself. What lies in another of its mounts is
 * there when that one is: a tmpfs comes out of the images with all its directories.
 */
export function mountPoints(config: Config, place: Place, isFile: (source: string) => boolean): MountPoint[] {
  const points: MountPoint[] = [];
  const covered: string[] = [];
  for (const mount of config.mounts ?? []) {
    const path = place(mount.destination);
    if (path === '/' || covered.some((above) => path !== above && isInside(path, above))) continue;
    covered.push(path);
    const file = isBindMount(mount) && isFile(mount.source ?? '');
    points.push({ path, kind: file ? 'file' : 'directory' });
  }
  return points;
}
