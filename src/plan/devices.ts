import type { Device, Mount } from '../bundle/config.ts';
import { type Compilation, isBind, opensAhead } from './compilation.ts';
import { fileType } from './kernel-flags.ts';
import { parseMountOptions } from './mount-options.ts';
import type { Phase } from './operations.ts';
import { normalizePath } from './path.ts';

/** The devices that every container gets (config-linux.md, Default Devices). */
const defaultDevices: readonly Device[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o666 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5, fileMode: 0o666 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7, fileMode: 0o666 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8, fileMode: 0o666 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9, fileMode: 0o666 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0, fileMode: 0o666 },
];

/** Symbolic links that POSIX programs expect (runtime-linux.md, Dev symbolic links; config-linux.md for ptmx). */
const deviceLinks: readonly (readonly [string, string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

interface WantedDevice {
  readonly device: Device;
  readonly from: string;
}

/** The config's devices, and the default ones that it does not define itself. */
export function wantedDevices({ linux }: Compilation): readonly WantedDevice[] {
  const { devices = [] } = linux;
  const paths = new Set<string>();
  for (const { path } of devices) paths.add(normalizePath(path));
  const wanted: WantedDevice[] = [];
  for (const device of defaultDevices) if (!paths.has(device.path)) wanted.push({ device, from: '' });
  for (let index = 0; index < devices.length; index++)
    wanted.push({ device: devices[index] as Device, from: `/linux/devices/${index}` });
  return wanted;
}

/** The caller brought a /dev of its own: it is left as it is. */
export function ownsDev({ config }: Compilation): boolean {
  let mount: Mount | undefined;
  for (const each of config.mounts ?? []) if (normalizePath(each.destination) === '/dev') mount = each;
  return mount === undefined || !isBind(mount, parseMountOptions(mount.options));
}

/** mknod(2) of a device needs privileges over the whole machine; inside a user namespace the host's own node is bound. */
function isBound({ userNamespace, facts }: Compilation, device: Device): boolean {
  return (userNamespace || !facts.makesDevices) && device.type !== 'p';
}

/** Stage 0: the host's device nodes that will be bound. */
export function openDevices(compilation: Compilation): void {
  if (!compilation.ownMounts || !opensAhead(compilation) || !ownsDev(compilation)) return;
  for (const { device, from } of wantedDevices(compilation)) {
    if (!isBound(compilation, device)) continue;
    compilation.trees.set(keyOf(device, from), openDevice(compilation, 'prepare', device, from));
  }
}

/** Two entries of the config may name one path. */
function keyOf(device: Device, from: string): string {
  return `device ${from || device.path}`;
}

/** The host's node must be the device that the config means, by its number; its path says little. */
function openDevice({ plan }: Compilation, phase: Phase, device: Device, from: string): number {
  const slot = plan.slot();
  const { path, type, major = 0, minor = 0 } = device;
  plan.add(phase, from, 'open-device', { slot, path, type: fileType[type], major, minor });
  return slot;
}

/** Device nodes and links under /dev. */
export function planDevices(compilation: Compilation): void {
  if (!ownsDev(compilation)) return;
  const { plan, root } = compilation;
  for (const { device, from } of wantedDevices(compilation)) {
    if (isBound(compilation, device)) bindDevice(compilation, device, from);
    else {
      plan.add('rootfs', from, 'device', {
        root,
        path: normalizePath(device.path),
        mode: fileType[device.type] | (device.fileMode ?? 0o666),
        major: device.major ?? 0,
        minor: device.minor ?? 0,
        uid: device.uid ?? 0,
        gid: device.gid ?? 0,
      });
    }
  }
  for (const [path, target] of deviceLinks) plan.add('rootfs', '', 'symlink', { root, path, target });
}

function bindDevice(compilation: Compilation, device: Device, from: string): void {
  const { plan, root, trees } = compilation;
  const tree = trees.get(keyOf(device, from)) ?? openDevice(compilation, 'rootfs', device, from);
  plan.add('rootfs', from, 'bind', {
    root,
    target: normalizePath(device.path),
    tree,
    set: 0,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: 0,
  });
}
