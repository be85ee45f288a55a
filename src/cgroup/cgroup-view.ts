import type { Cgroup } from './cgroup.ts';
import type { CgroupLayout } from './cgroup-layout.ts';

/** What the planner of mounts and of entering wants to know of a container's cgroup (`CgroupFacts` of plan/facts.ts). */
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
  readonly join: readonly string[];
  readonly adopted?: boolean;
}

/** Where the hierarchy with these controllers, joined by commas, is mounted. */
function mountOf({ hierarchies }: CgroupLayout, controllers: string): string | undefined {
  for (const { controllers: present, mount } of hierarchies) if (present.join() === controllers) return mount;
  return undefined;
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
    let named = false;
    for (const controller of controllers) named ||= controller.startsWith('name=');
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
    join: cgroup.joinPaths(),
    adopted: cgroup.adopt !== undefined,
  };
}
