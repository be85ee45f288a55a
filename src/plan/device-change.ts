import type { Device } from '../spec/config.ts';
import { devicePermissions, fileType } from '../spec/devices.ts';
import { normalizePath } from '../spec/path.ts';
import type { HostFacts } from './facts.ts';
import { insidePlan, type RunningContainer } from './inside-plan.ts';
import { NO_SLOT } from './operations.ts';
import type { Plan } from './plan.ts';

/** A device node of a container that runs, which comes or goes. */
export interface DeviceChange {
  readonly change: 'add' | 'remove';
  readonly device: Device;
  /** The host's own node of it, for containers in which none can be made; undefined for one that goes. */
  readonly source: string | undefined;
}

/**
 * Compiles one change. As when a container is created, a node is made where that is possible, and the host's own is
 * bound in a user namespace. What is in its place already is in the way; what is there in place of a node that goes,
 * or nothing, is left.
 */
export function deviceChangePlan(
  { change, device, source }: DeviceChange,
  container: RunningContainer,
  facts: Pick<HostFacts, 'rootless' | 'makesDevices'>,
): Plan {
  const { type } = device;
  // A pipe may have numbers in its config, which say nothing.
  const { major = 0, minor = 0 } = type === 'p' ? {} : device;
  const path = normalizePath(device.path);
  const numbers = { path, type: fileType[type], major, minor };
  // As when a container is created (rootfs/devices.ts).
  const bound = type !== 'p' && (container.namespaces.includes('user') || !facts.makesDevices);
  let tree = NO_SLOT;
  return insidePlan({ linux: { devices: [device] } }, container, facts, {
    ahead(plan, phase) {
      if (change === 'remove' || !bound) return;
      tree = plan.slot();
      plan.add(phase, '', 'open-device', { ...numbers, slot: tree, path: source ?? path });
    },
    inside(plan, root) {
      if (change === 'remove') {
        plan.add('rootfs', '', 'remove-device', { root, ...numbers });
      } else if (bound) {
        const none = { set: 0, clear: 0, setRecursive: 0, clearRecursive: 0, propagation: 0 };
        plan.add('rootfs', '', 'bind', {
          ...none,
          root,
          directory: NO_SLOT,
          target: path,
          noFollow: false,
          tree,
          propagationRecursive: false,
        });
      } else {
        const { uid = 0, gid = 0 } = device;
        const mode = fileType[type] | devicePermissions(device);
        plan.add('rootfs', '', 'device', {
          root,
          directory: NO_SLOT,
          path,
          mode,
          major,
          minor,
          uid,
          gid,
          fresh: true,
        });
      }
    },
  });
}
