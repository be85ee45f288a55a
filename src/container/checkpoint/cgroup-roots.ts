import type { CgroupLayout } from '../../cgroup/layout/cgroup-layout.ts';
import { hierarchyWith, type SavedCgroup } from '../../cgroup/saved-cgroup.ts';
import type { CriuOptions } from '../../criu/messages.ts';

type CgroupRoots = NonNullable<CriuOptions['cg_root']>;

/**
 * The container's cgroup in CRIU's terms, by hierarchy and from that one's mount: what lies below is saved, and found
 * again below the restored container's own.
 */
export function cgroupRoots(layout: CgroupLayout, saved: SavedCgroup): CgroupRoots {
  const roots: CgroupRoots[number][] = [];
  if (saved.unified !== undefined) roots.push({ path: below(saved.unified.mount, saved.unified.path) });
  for (const { controllers, path } of saved.hierarchies) {
    const hierarchy = layout.hierarchies.find((each) => each.controllers.join() === controllers.join());
    const [first] = controllers;
    if (hierarchy !== undefined && first !== undefined)
      roots.push({ ctrl: first, path: below(hierarchy.mount, path) });
  }
  return roots;
}

/** The directory by which all processes of the container are stopped at once; undefined without one. */
export function freezerDirectory({ hierarchies, unified, mode }: SavedCgroup): string | undefined {
  const v1 = hierarchyWith({ hierarchies }, 'freezer');
  return v1?.path ?? (mode === 'v2' ? unified?.path : undefined);
}

function below(mount: string, path: string): string {
  return path.slice(mount.length) || '/';
}
