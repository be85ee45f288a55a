import { Failure } from '../failure.ts';
import type { Cgroup, SavedCgroup } from './cgroup.ts';
import type { CgroupHost } from './cgroup-host.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { cgroupDirectory, cgroupLocation } from './cgroup-path.ts';
import { CgroupfsCgroup } from './cgroupfs.ts';
import { SystemdCgroup } from './systemd/systemd-cgroup.ts';
import { scopeName, slicePath } from './systemd/unit-name.ts';

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
 * @throws Failure `invalid` for a bad cgroupsPath, `unsupported` for an ordinary user's systemd without cgroup v2
 */
export function openCgroup(host: CgroupHost, layout: CgroupLayout, request: CgroupRequest): Cgroup {
  if (request.systemd) return openScope(host, layout, request);
  const { native } = host;
  const location = cgroupLocation(request.cgroupsPath, request.id);
  const { unified } = layout;
  const v2 = layout.mode === 'v2';
  const hierarchies: SavedCgroup['hierarchies'][number][] = [];
  for (const hierarchy of layout.hierarchies) {
    const path = cgroupDirectory(native, hierarchy, location, false);
    hierarchies.push({ controllers: hierarchy.controllers, path });
  }
  return new CgroupfsCgroup(host, {
    driver: 'cgroupfs',
    mode: layout.mode,
    rootless: request.rootless,
    hierarchies,
    unified:
      unified === undefined
        ? undefined
        : { mount: unified.mount, path: cgroupDirectory(native, unified, location, v2) },
  });
}

/** The cgroup of a container that exists, from its state.json. */
export function cgroupFromState(host: CgroupHost, saved: SavedCgroup): Cgroup {
  return saved.driver === 'systemd' ? new SystemdCgroup(host, saved, '') : new CgroupfsCgroup(host, saved);
}

/** A scope of systemd, which the machine's manager makes for root, and a user's own for everybody else. */
function openScope(host: CgroupHost, layout: CgroupLayout, request: CgroupRequest): Cgroup {
  const { unified, mode } = layout;
  const user = request.rootless || host.native.userId() !== 0;
  if (user && mode !== 'v2')
    throw new Failure('unsupported', "an ordinary user's systemd has no controllers with cgroup v1", {
      pointer: '/linux/cgroupsPath',
      hint: 'Run as root, leave --systemd-cgroup away, or boot with systemd.unified_cgroup_hierarchy=1.',
    });
  const name = scopeName(request.cgroupsPath, request.id, user ? 'user.slice' : 'system.slice');
  const root = user && unified !== undefined ? userManagerRoot(host, unified.own) : '';
  const path = `${root}${slicePath(name.slice)}/${name.unit}`;
  const saved: SavedCgroup = {
    driver: 'systemd',
    mode,
    rootless: request.rootless,
    hierarchies: layout.hierarchies.map(({ controllers, mount }) => ({
      controllers,
      path: `${mount}${path}`,
    })),
    unified: unified && { mount: unified.mount, path: `${unified.mount}${path}` },
    scope: { ...name, kind: user ? 'user' : 'system' },
  };
  return new SystemdCgroup(host, saved, request.id);
}

/** Where a user's systemd has its tree: the service that we are in, or the usual one (user@.service(5)). */
function userManagerRoot({ native }: CgroupHost, own: string): string {
  const uid = native.userId();
  const inside = /^.*\/user@\d+\.service(?=\/|$)/.exec(own);
  return inside?.[0] ?? `/user.slice/user-${uid}.slice/user@${uid}.service`;
}
