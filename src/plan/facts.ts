/** One cgroup hierarchy as the container may see it. */
export interface CgroupHierarchy {
  /** Directory name under /sys/fs/cgroup, for instance `cpu,cpuacct` or `systemd`. */
  readonly name: string;
  /** Options that mount it (`cpu`, `cpuacct`; `none`, `name=systemd`). */
  readonly options: readonly string[];
  /** The container's own directory in it, on the host. */
  readonly directory: string;
}

export interface CgroupFacts {
  readonly mode: 'v1' | 'hybrid' | 'v2' | 'none';
  /** v1 hierarchies; empty on v2. */
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Links such as `cpu` → `cpu,cpuacct` beside the hierarchies. */
  readonly links: readonly { readonly name: string; readonly target: string }[];
  /** The container's directory in the cgroup2 hierarchy, where there is one. */
  readonly unified: string | undefined;
  /** Below that, where the processes are to be in the end: theirs to manage (annotation run.oci.delegate-cgroup). */
  readonly delegated?: string | undefined;
  /** Files to which the stub writes `0`, in order. */
  readonly join: readonly string[];
  /**
   * Who makes it, and when: we before the stub is started, or beside it, which then waits for that before it looks
   * there; or somebody else (systemd) around the stub, which then waits for that before it does anything.
   */
  readonly made: 'before' | 'beside' | 'around';
}

/** What the planner knows of this machine and caller. Gathered by `container/`, so that planning stays pure. */
export interface HostFacts {
  /** The caller has no privileges on the host: everything is opened from inside the new user namespace. */
  readonly rootless: boolean;
  /** mknod(2) of devices works: root of the machine, not of somebody's user namespace. */
  readonly makesDevices: boolean;
  readonly cgroups: CgroupFacts;
  /** `tasks` files of the resctrl groups to enter (linux.intelRdt). */
  readonly resctrlTasks: readonly string[];
  /** Capabilities that this process could hand on (its permitted and bounding sets), as a mask. */
  readonly capabilities: bigint;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** Where procfs and sysfs are mounted, the deepest first; known only where the old root stays (--no-pivot). */
  readonly kernelViews: readonly string[];
  /** Sources with `copy-symlink` that are symbolic links, by their index in `mounts`, and what those say. */
  readonly sourceLinks?: Readonly<Record<number, string>>;
}

/** How the master of a new terminal leaves: over the caller's console socket, or to the launcher itself. */
export type ConsoleMode = 'socket' | 'parent';

/** A compiled seccomp filter. */
export interface SeccompProgram {
  readonly filter: Uint8Array;
  readonly flags: number;
  readonly notify: boolean;
}

/** What create and exec have in common. */
export interface ProcessRequest {
  readonly console: ConsoleMode;
  /** What a new terminal begins with, instead of process.consoleSize. */
  readonly terminalSize?: { readonly rows: number; readonly columns: number } | undefined;
  /** Descriptors above stdio that the program keeps. */
  readonly preserve: number;
  readonly seccomp: SeccompProgram | undefined;
  /** Name of the session keyring, undefined to keep the caller's. */
  readonly keyring: string | undefined;
}

export interface CreateRequest extends ProcessRequest {
  /** Listening sockets among the preserved descriptors, from 3 on: the process is told of them (sd_listen_fds(3)). */
  readonly listenFds: number;
  /** Absolute path of the bundle directory. */
  readonly bundle: string;
  /** Absolute path of the root filesystem. */
  readonly rootfs: string;
  readonly noPivot: boolean;
  /** Directory of the host with the socket for what the container tells the service manager; undefined without. */
  readonly notify?: string | undefined;
  /** Wait for `start` on an inherited socket; false for `run`, which goes on at once. */
  readonly startChannel: boolean;
}

export interface ExecRequest extends ProcessRequest {
  /** Namespace types of the container that differ from the host's. */
  readonly namespaces: readonly string[];
  /** Files to which the stub writes `0`. */
  readonly cgroupJoin: readonly string[];
  readonly unifiedCgroup: string | undefined;
  /** Somebody else (systemd) moves the stub there first: it waits for that before it does anything. */
  readonly attached?: boolean;
  /** The container's root directory, when that is not the root of its mount namespace. */
  readonly root: string | undefined;
  /** setgroups(2) is forbidden in the container's user namespace. */
  readonly noSetGroups: boolean;
  /** The caller's supplementary groups stay. */
  readonly keepsGroups: boolean;
}
