/** What state.json keeps of a container's cgroup; `openCgroup` opens it again. Plain data. */
export interface SavedCgroup {
  /** `none`: the container has no cgroup, as its creator wanted it (--cgroup-manager=disabled). */
  readonly driver: 'cgroupfs' | 'systemd' | 'none';
  readonly mode: 'v1' | 'hybrid' | 'v2';
  readonly rootless: boolean;
  /** Directories in the v1 hierarchies. A hierarchy that a rootless caller could not use is missing. */
  readonly hierarchies: readonly { readonly controllers: readonly string[]; readonly path: string }[];
  /** Directory in the unified hierarchy, and its mount point. */
  readonly unified: { readonly mount: string; readonly path: string } | undefined;
  /**
   * A directory below that of the unified hierarchy: the processes are in it and may manage it, while limits are in
   * force above (annotation run.oci.delegate-cgroup).
   */
  readonly delegated?: string;
  /** The transient unit of the systemd driver. */
  readonly scope?: {
    readonly unit: string;
    readonly slice: string;
    /** Whose systemd has it. */
    readonly kind: 'system' | 'user';
    /** The container's cgroup is this one in the unit's own (annotation run.oci.systemd.subgroup). */
    readonly subgroup?: string;
  };
}

/** The v1 hierarchy of a cgroup that has a controller, if any. */
export function hierarchyWith(
  { hierarchies }: Pick<SavedCgroup, 'hierarchies'>,
  controller: string,
): SavedCgroup['hierarchies'][number] | undefined {
  return hierarchies.find(({ controllers }) => controllers.includes(controller));
}
