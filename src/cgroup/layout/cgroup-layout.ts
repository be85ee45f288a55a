/** One mounted v1 hierarchy. */
export interface V1Hierarchy {
  /** Kernel names: `['cpu', 'cpuacct']`, or `['name=systemd']` for a named hierarchy without controllers. */
  readonly controllers: readonly string[];
  readonly mount: string;
  /** Our own cgroup in it, from the mount's root: `/` or `/a/b`. */
  readonly own: string;
}

/** The cgroup2 mount. */
export interface UnifiedHierarchy {
  readonly controllers: readonly string[];
  readonly mount: string;
  readonly own: string;
}

/** How cgroups are mounted on this machine, and where in them we are. Plain data. */
export interface CgroupLayout {
  /** `v1`: hierarchies of single controllers; `hybrid`: the same, and cgroup2 at `unified`; `v2`: cgroup2 alone. */
  readonly mode: 'v1' | 'hybrid' | 'v2';
  readonly hierarchies: readonly V1Hierarchy[];
  readonly unified: UnifiedHierarchy | undefined;
}

/** The controllers of a layout, as the planner of resources wants them. */
export function controllersOf(layout: CgroupLayout): {
  readonly mode: CgroupLayout['mode'];
  readonly v1: ReadonlySet<string>;
  readonly unified: ReadonlySet<string>;
} {
  return {
    mode: layout.mode,
    v1: new Set(layout.hierarchies.flatMap((hierarchy) => hierarchy.controllers)),
    unified: new Set(layout.unified?.controllers ?? []),
  };
}
