import type { Cgroup } from './cgroup.ts';
import type { CgroupLayout } from './layout/cgroup-layout.ts';

/**
 * What the planner of mounts and of entering wants to know of a container's cgroup (`CgroupFacts` of plan/facts.ts).
 */
export interface CgroupView {
  readonly mode: 'v1' | 'hybrid' | 'v2' | 'none';
  readonly hierarchies: readonly {
    /** Directory name under /sys/fs/cgroup. */
    readonly name: string;
    /** Options that mount it: `cpu`, `cpuacct`; `none`, `name=systemd`. */
    readonly options: readonly string[];
    /** The container's own directory, on the host. */
    readonly directory: string;
  }[];
  /** Links such as `cpu` to `cpu,cpuacct` beside the hierarchies. */
  readonly links: readonly { readonly name: string; readonly target: string }[];
  readonly unified: string | undefined;
  readonly delegated?: string | undefined;
  readonly join: readonly string[];
  /** See `CgroupFacts`. */
  readonly made: 'before' | 'beside' | 'around';
}

/** Where the hierarchy with these controllers, joined by commas, is mounted. */
function mountOf({ hierarchies }: CgroupLayout, controllers: string): string | undefined {
  return hierarchies.find((hierarchy) => hierarchy.controllers.join() === controllers)?.mount;
}

/** How a container sees its cgroup: right after `create` (or, for a plan that changes nothing, after opening). */
export function cgroupView(layout: CgroupLayout, cgroup: Cgroup): CgroupView {
  const { saved } = cgroup;
  const hierarchies: CgroupView['hierarchies'][number][] = [];
  const links: CgroupView['links'][number][] = [];
  for (const { controllers, path } of saved.hierarchies) {
    const mount = mountOf(layout, controllers.join());
    if (mount === undefined) continue;
    const name = mount.slice(mount.lastIndexOf('/') + 1);
    const named = controllers.some((controller) => controller.startsWith('name='));
    hierarchies.push({ name, options: named ? ['none', ...controllers] : controllers, directory: path });
    if (controllers.length > 1)
      for (const controller of controllers)
        if (controller !== name) links.push({ name: controller, target: name });
  }
  const nothing = hierarchies.length === 0 && saved.unified === undefined;
  return {
    mode: nothing ? 'none' : saved.mode,
    hierarchies,
    links,
    unified: saved.unified?.path,
    ...(saved.delegated !== undefined && { delegated: saved.delegated }),
    join: cgroup.joinPaths(),
    made: momentOf(cgroup, nothing),
  };
}

/** Of what a rootless caller may not make the plan must know before. */
function momentOf({ adopt, saved }: Cgroup, nothing: boolean): CgroupView['made'] {
  if (adopt !== undefined) return 'around';
  return nothing || saved.rootless ? 'before' : 'beside';
}
