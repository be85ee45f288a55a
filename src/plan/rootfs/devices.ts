import type { Device } from '../../spec/config.ts';
import { defaultDevices, deviceLinks, devicePermissions, fileType } from '../../spec/devices.ts';
import { isInside, normalizePath } from '../../spec/path.ts';
import { type Compilation, opensAhead, ownsDev } from '../compilation.ts';
import { NO_SLOT, type Phase } from '../operations.ts';

const deviceDirectory = '/dev';

interface WantedDevice {
  readonly device: Device;
  readonly from: string;
}

/** The config's devices, and the default ones that it does not define itself. */
export function wantedDevices({ linux }: Compilation): readonly WantedDevice[] {
  const { devices = [] } = linux;
  const paths = new Set(devices.map(({ path }) => normalizePath(path)));
  return [
    ...defaultDevices.filter(({ path }) => !paths.has(path)).map((device) => ({ device, from: '' })),
    ...devices.map((device, index) => ({ device, from: `/linux/devices/${index}` })),
  ];
}

/**
 * mknod(2) of a device needs privileges over the whole machine; inside a user namespace the host's own node is bound.
 */
function isBound({ userNamespace, facts }: Compilation, device: Device): boolean {
  return (userNamespace || !facts.makesDevices) && device.type !== 'p';
}

/** Stage 0: the host's device nodes that will be bound. */
export function openDevices(compilation: Compilation): void {
  if (!compilation.ownMounts || !opensAhead(compilation) || !ownsDev(compilation.mounts)) return;
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
  if (!ownsDev(compilation.mounts)) return;
  const { plan, root } = compilation;
  const directory = plan.slot();
  plan.add('rootfs', '', 'open-directory', { slot: directory, root, path: deviceDirectory });
  for (const { device, from } of wantedDevices(compilation)) {
    if (isBound(compilation, device)) bindDevice(compilation, device, from);
    else {
      const path = normalizePath(device.path);
      const direct = path.lastIndexOf('/') === deviceDirectory.length && isInside(path, deviceDirectory);
      plan.add('rootfs', from, 'device', {
        root: direct ? NO_SLOT : root,
        directory: direct ? directory : NO_SLOT,
        path,
        mode: fileType[device.type] | devicePermissions(device),
        major: device.major ?? 0,
        minor: device.minor ?? 0,
        uid: device.uid ?? 0,
        gid: device.gid ?? 0,
        fresh: false,
      });
    }
  }
  for (const [path, target] of deviceLinks)
    plan.add('rootfs', '', 'symlink', { root: NO_SLOT, directory, path, target, exact: false });
}

function bindDevice(compilation: Compilation, device: Device, from: string): void {
  const { plan, root, trees } = compilation;
  const tree = trees.get(keyOf(device, from)) ?? openDevice(compilation, 'rootfs', device, from);
  plan.add('rootfs', from, 'bind', {
    root,
    directory: NO_SLOT,
    target: normalizePath(device.path),
    noFollow: false,
    tree,
    set: 0,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: false,
  });
}
