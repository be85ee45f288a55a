import { Failure, withCleanup } from '../failure.ts';
import { runChild } from '../host/child.ts';
import { ask, askLater, askUnless } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { parseMountTable } from '../host/mount-table.ts';
import { hasErrno, type MountRequest, type Native } from '../host/native.ts';
import { O_CLOEXEC, O_RDWR } from '../host/open-flags.ts';
import { programDirectories, programPath } from '../host/program-directories.ts';
import { attributesOf, parseMountOptions } from '../spec/mount-options.ts';
import { within } from './within.ts';

/** One of CreateTaskRequest's: as containerd's snapshotters describe them. */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  /** Below the root filesystem; mostly empty. */
  readonly target: string;
  readonly options: readonly string[];
}

type MountHost = Pick<Host, 'native' | 'wait'>;

const flags = { bind: 1, recursive: 2, loop: 4, oneByOne: 8 } as const;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
/** Milliseconds that unmounting is waited for: what writes back to a slow disk longer than that goes on by itself. */
const unmountPatience = 2000;

/** `A:B:C` of which a `\:` is part of a name. */
function splitLayers(value: string): string[] {
  return value.split(/(?<!\\):/).map((path) => path.replace(/\\(.)/g, '$1'));
}

/** `CONTAINER:HOST:SIZE,…` → lines of uid_map. */
function idMap(name: string, value: string): string {
  return value
    .split(',')
    .map((part) => {
      if (!/^\d+:\d+:\d+$/.test(part))
        throw new Failure('invalid', `${name}="${value}" of a mount is not CONTAINER:HOST:SIZE,…`);
      return `${part.replaceAll(':', ' ')}\n`;
    })
    .join('');
}

/** Takes `name=value` out of the options; undefined when it is not there. */
function take(data: string[], name: string): string | undefined {
  const index = data.findIndex((text) => text.startsWith(`${name}=`));
  return index === -1 ? undefined : data.splice(index, 1)[0]?.slice(name.length + 1);
}

/** Linux 6.5 and later take an overlay's layers one by one, and so any number of them. */
function takesLayers(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 5);
}

/** What the kernel is to do for a mount. Throws `Failure` `invalid`. */
export function mountRequest(root: string, mount: RootfsMount, release: string): MountRequest {
  // Id maps have commas, which join options elsewhere.
  const mapped = mount.options.filter((text) => /^[ug]idmap=/.test(text));
  const options = parseMountOptions(mount.options.filter((text) => !mapped.includes(text)));
  const data = [...options.data];
  const loop = data.includes('loop');
  const rest = data.filter((text) => text !== 'loop');
  const bind = options.bind !== 'no';
  const overlay = mount.type === 'overlay' && !bind;
  const layers = overlay ? take(rest, 'lowerdir') : undefined;
  const uidMap = take(mapped, 'uidmap') ?? '';
  const gidMap = take(mapped, 'gidmap') ?? '';
  if ((uidMap === '') !== (gidMap === ''))
    throw new Failure('invalid', 'a mount has one of uidmap and gidmap, and needs both');
  const recursive = options.bind === 'rbind' ? flags.recursive : 0;
  return {
    root,
    target: mount.target,
    type: mount.type,
    source: mount.source,
    flags:
      (bind ? flags.bind | recursive : 0) |
      (loop ? flags.loop : 0) |
      (takesLayers(release) ? flags.oneByOne : 0),
    set: attributesOf(options),
    clear: options.clear | options.clearRecursive,
    propagation: options.propagation,
    parameters: rest,
    layers: layers === undefined ? [] : splitLayers(layers),
    uidMap: uidMap && idMap('uidmap', uidMap),
    gidMap: gidMap && idMap('gidmap', gidMap),
  };
}

/** fuse.NAME and fuse3.NAME are mounted by a helper, which then serves them. */
async function mountByHelper(host: MountHost, root: string, mount: RootfsMount): Promise<void> {
  const { native } = host;
  const [kind = '', name = ''] = mount.type.split(/\.(.*)/s);
  const helper = programDirectories
    .map((directory) => `${directory}/mount.${kind}`)
    .find((path) => ask('look for', path, () => native.status(path, true)) !== undefined);
  if (helper === undefined)
    throw new Failure('unsupported', `"${mount.type}" is mounted by mount.${kind}, which is not installed`);
  const nothing = native.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
  try {
    const source = name === '' ? mount.source : `${name}#${mount.source}`;
    const words = mount.options.length === 0 ? [] : ['-o', mount.options.join(',')];
    const { code } = await runChild(host, {
      file: helper,
      argv: [helper, source, `${root}/${mount.target}`, ...words],
      environment: [programPath],
      descriptors: [nothing, nothing, nothing],
      newSession: true,
    });
    if (code !== 0) throw new Failure('system', `${helper} could not mount "${mount.source}"`);
  } finally {
    native.close(nothing);
  }
}

async function mountOne(host: MountHost, root: string, mount: RootfsMount): Promise<void> {
  if (/^fuse3?(\.|$)/.test(mount.type)) return mountByHelper(host, root, mount);
  const { native } = host;
  const request = mountRequest(root, mount, native.kernel().release);
  const what = `mount the ${mount.type} of the root filesystem at`;
  await askLater([], what, root, () => native.mountAsync(request));
}

/**
 * Mounts a container's root filesystem on `rootfs` in its bundle, in the order given, in our own mount namespace.
 * Nothing happens when there is nothing to mount.
 *
 * Throws `Failure`; what was mounted is undone then.
 */
export async function mountRootfs(
  host: MountHost,
  bundle: string,
  mounts: readonly RootfsMount[],
): Promise<void> {
  if (mounts.length === 0) return;
  const root = `${bundle}/rootfs`;
  askUnless(['EEXIST'], 'make', root, () => host.native.makeDirectory(root, 0o711));
  try {
    for (const mount of mounts) await mountOne(host, root, mount);
  } catch (error) {
    const cleanup: unknown[] = [];
    await unmountRootfs(host, bundle).catch((failure) => cleanup.push(failure));
    throw withCleanup(error, cleanup);
  }
}

/** The places below a directory where something is mounted, innermost first. */
function mountPoints(native: Pick<Native, 'readText'>, directory: string): string[] {
  return parseMountTable(native.readText('/proc/self/mountinfo', 1 << 26))
    .map(({ target }) => target)
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse();
}

/**
 * Whoever still uses what is mounted keeps it, and the rest of us is rid of it at once, with all that is mounted in
 * it.
 */
async function detach(host: MountHost, path: string): Promise<void> {
  const done = host.native.unmountAsync(path, MNT_DETACH | UMOUNT_NOFOLLOW).catch((error) => {
    if (!hasErrno(error, 'EINVAL', 'ENOENT', 'ENOTDIR')) throw error;
  });
  // It is out of everybody's sight from the beginning; what takes long is writing back, which goes on by itself.
  if (await within(host, unmountPatience, done)) await done;
}

/**
 * Unmounts a container's root filesystem and all that is mounted below it, also when it is in use. It is no failure
 * when nothing is there.
 *
 * Throws `Failure` only when something stays mounted.
 */
export async function unmountRootfs(host: MountHost, bundle: string): Promise<void> {
  const { native } = host;
  const root = `${bundle}/rootfs`;
  await askLater([], 'unmount', root, () => detach(host, root));
  const names = askUnless(['ENOENT', 'ENOTDIR'], 'look into', root, () => native.readDirectory(root));
  if (names === undefined || names.length === 0) return;
  const real = ask('look for', root, () => native.realPath(root));
  for (const path of mountPoints(native, real)) await askLater([], 'unmount', path, () => detach(host, path));
  const [left] = mountPoints(native, real);
  if (left !== undefined) throw new Failure('system', `something is still mounted at "${left}"`);
}
