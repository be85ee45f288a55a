import { Failure } from '../failure.ts';
import type { Cgroup, SavedCgroup } from './cgroup.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { cgroupDirectory, cgroupLocation } from './cgroup-path.ts';
import { CgroupfsCgroup } from './cgroupfs.ts';
import type { CgroupHost } from './wait.ts';

export interface CgroupRequest {
  /** The container's id: the cgroup's name when the configuration names none. */
  readonly id: string;
  /** `linux.cgroupsPath`. */
  readonly cgroupsPath: string | undefined;
  /** `--systemd-cgroup`. */
  readonly systemd: boolean;
  /** Hierarchies where nothing may be made are left out instead of failing, unless a limit needs them. */
  readonly rootless: boolean;
}

/**
 * The cgroup that a new container is to have. Nothing is made or changed yet.
 * @throws Failure `invalid` for a bad cgroupsPath, `unsupported` for the systemd driver
 */
export function openCgroup(host: CgroupHost, layout: CgroupLayout, request: CgroupRequest): Cgroup {
  if (request.systemd) refuseSystemd();
  const { native } = host;
  const location = cgroupLocation(request.cgroupsPath, request.id);
  const { unified } = layout;
  const v2 = layout.mode === 'v2';
  return new CgroupfsCgroup(host, {
    driver: 'cgroupfs',
    mode: layout.mode,
    rootless: request.rootless,
    hierarchies: layout.hierarchies.map((hierarchy) => ({
      controllers: hierarchy.controllers,
      path: cgroupDirectory(native, hierarchy, location, false),
    })),
    unified:
      unified === undefined
        ? undefined
        : { mount: unified.mount, path: cgroupDirectory(native, unified, location, v2) },
  });
}

/** The cgroup of a container that exists, from its state.json. */
export function cgroupFromState(host: CgroupHost, saved: SavedCgroup): Cgroup {
  return new CgroupfsCgroup(host, saved);
}

/** The place where the systemd driver will be chosen: a transient scope by D-Bus behind the same `Cgroup`. */
function refuseSystemd(): never {
  throw new Failure('unsupported', 'the systemd cgroup driver is not available in this version', {
    pointer: '/linux/cgroupsPath',
    hint: 'Leave --systemd-cgroup away (in an engine: choose the cgroupfs cgroup driver).',
  });
}
