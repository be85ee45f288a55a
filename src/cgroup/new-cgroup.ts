import { Failure } from '../failure.ts';
import type { Cgroup } from './cgroup.ts';
import type { CgroupHost } from './cgroup-host.ts';
import type { CgroupRequest } from './cgroup-request.ts';
import type { CgroupLayout } from './layout/cgroup-layout.ts';
import { cgroupDirectory, cgroupLocation } from './layout/cgroup-path.ts';
import { openCgroup } from './open-cgroup.ts';
import { placedBelow } from './placed-below.ts';
import type { SavedCgroup } from './saved-cgroup.ts';
import { annotatedProperties } from './systemd/annotated-properties.ts';
import { SystemdCgroup } from './systemd/systemd-cgroup.ts';
import { scopeName, slicePath } from './systemd/unit-name.ts';

/**
 * The cgroup that a new container is to have. Nothing is made or changed yet.
 * @throws Failure `invalid` for a bad cgroupsPath, `unsupported` for an ordinary user's systemd without cgroup v2
 */
export function newCgroup(host: CgroupHost, layout: CgroupLayout, request: CgroupRequest): Cgroup {
  const describe = { cgroupfs: describeFiles, systemd: describeScope, disabled: describeNothing }[
    request.manager
  ];
  const saved = describe(host, layout, request);
  const placed = placedBelow(host.native, saved, request);
  return request.manager === 'systemd'
    ? new SystemdCgroup(host, placed, annotatedProperties(request.annotations))
    : openCgroup(host, placed);
}

/** As if nothing might be made anywhere. */
function describeNothing(_host: CgroupHost, { mode }: CgroupLayout): SavedCgroup {
  return { driver: 'none', mode, rootless: true, hierarchies: [], unified: undefined };
}

/** Directories of our own in every hierarchy. */
function describeFiles({ native }: CgroupHost, layout: CgroupLayout, request: CgroupRequest): SavedCgroup {
  const location = cgroupLocation(request.cgroupsPath, request.id);
  const { unified } = layout;
  const v2 = layout.mode === 'v2';
  return {
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
  };
}

/** A scope of systemd, which the machine's manager makes for root, and a user's own for everybody else. */
function describeScope(host: CgroupHost, layout: CgroupLayout, request: CgroupRequest): SavedCgroup {
  const { unified, mode } = layout;
  const user = request.rootless || host.native.userId() !== 0;
  if (user && mode !== 'v2')
    throw new Failure('unsupported', "an ordinary user's systemd has no controllers with cgroup v1", {
      pointer: '/linux/cgroupsPath',
      hint: 'Run as root, leave out --systemd-cgroup, or boot with systemd.unified_cgroup_hierarchy=1.',
    });
  const name = scopeName(request.cgroupsPath, request.id, user ? 'user.slice' : 'system.slice');
  const root = user && unified !== undefined ? userManagerRoot(host, unified.own) : '';
  const path = `${root}${slicePath(name.slice)}/${name.unit}`;
  return {
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
}

/** Where a user's systemd has its tree: the service that we are in, or the usual one (user@.service(5)). */
function userManagerRoot({ native }: CgroupHost, own: string): string {
  const uid = native.userId();
  const inside = /^.*\/user@\d+\.service(?=\/|$)/.exec(own);
  return inside?.[0] ?? `/user.slice/user-${uid}.slice/user@${uid}.service`;
}
