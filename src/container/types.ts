/** What the container room takes and gives. */
import type { CgroupManager } from '../cgroup/cgroup-request.ts';
import type { Host } from '../host/host.ts';
import type { ExitStatus } from '../host/native.ts';
import type { TraceSink } from '../host/stopwatch.ts';

/** What every call of this room needs. Holds no state of its own; one per host process is enough. */
export interface Context {
  readonly host: Host;
  /** Absolute path of the directory with the state of containers. */
  readonly root: string;
  /** Who makes the cgroups of new containers. */
  readonly cgroupManager: CgroupManager;
  /** The caller's environment, `NAME=value`: for hooks that have none of their own, and for nobody else. */
  environment(): readonly string[];
  /** Go on without cgroups where permission is missing. */
  readonly rootless: boolean;
  /**
   * Something worth telling that does not stop the work.
   * @param when `always`: also where warnings are kept out of a program's output
   */
  warn(message: string, when?: 'always'): void;
  /** For whoever looks closely. Present only when somebody does: what is told here may take work to find out. */
  debug?(message: string): void;
  readonly trace?: TraceSink;
  /**
   * Told once of each process that was started here and has ended: the container's own, and those of `exec`. It is
   * reaped then. Whoever does not ask reaps them, with waitpid(2); `remove` reaps the container's own.
   */
  onExit?(exit: ProcessExit): void;
  /** CRIU's program, or its name; `criu` unless given. */
  readonly criu?: string;
  /** Where resctrl is mounted, when not at /sys/fs/resctrl. */
  readonly resctrl?: string;
}

/** The end of a process that was started here. */
export interface ProcessExit extends ExitStatus {
  /** The container's. */
  readonly id: string;
  /** As the host numbered it. */
  readonly pid: number;
}

/** Descriptors of ours for standard input, output and error. */
export type StandardStreams = readonly [number, number, number];

export interface CreateOptions {
  readonly id: string;
  /** Path of the bundle directory. */
  readonly bundle: string;
  /** Another file than the bundle's config.json. */
  readonly config?: string;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  /** Descriptors after stdio to hand on, from 3. */
  readonly preserveFds: number;
  /**
   * What becomes the process's standard streams instead of our own. They stay open here. Of no effect for a process
   * with a terminal.
   */
  readonly streams?: StandardStreams;
  /**
   * A file to which standard output and error are appended instead of the caller's; made with mode 0600 where it is
   * not there.
   */
  readonly output?: string;
  /**
   * A terminal that nobody else is given will be relayed to the caller's own, as the command does: without one it is
   * refused. A program that takes the terminal's descriptor itself leaves this out.
   */
  readonly relaysTerminal?: boolean;
  /** A terminal that nobody else is given comes to the caller, who waits for `start` with it. */
  readonly takesTerminal?: boolean;
  /**
   * The service manager's socket as NOTIFY_SOCKET names it (sd_notify(3)): the container has one of its own in its
   * place, and that it is ready is handed on when it is started.
   */
  readonly notifySocket?: string;
  /** The first so many of them are listening sockets, which the process is told of (sd_listen_fds(3)). */
  readonly listenFds?: number;
}

export interface RunOptions extends CreateOptions {
  readonly detach: boolean;
  /** Do not delete the container when its process ends. */
  readonly keep: boolean;
}

/** A started process that the caller may wait for. */
export interface Foreground {
  readonly pid: number;
  /** Descriptor of the terminal's master side, when it has a terminal that nobody else was given. */
  readonly terminal?: number;
  /**
   * The image of the stub that started it, for `supervise`: where `relaysTerminal` says that this is what follows.
   */
  readonly stub?: number;
}

export interface StartOptions {
  /** See `CreateOptions`; of effect for a container that was created with one. */
  readonly notifySocket?: string;
}

export interface ExecOptions {
  /** The whole `process` object as read from JSON; the options that describe a process are not allowed beside it. */
  readonly process?: unknown;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** `NAME=value`, added to the container's own. */
  readonly env?: readonly string[];
  readonly user?: { readonly uid: number; readonly gid?: number };
  readonly additionalGids?: readonly number[];
  /** `CAP_…` names, added to the container's own. */
  readonly capabilities?: readonly string[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly tty: boolean;
  /** See `CreateOptions`. */
  readonly relaysTerminal?: boolean;
  readonly detach: boolean;
  readonly consoleSocket?: string;
  /** See `CreateOptions`. */
  readonly streams?: StandardStreams;
  readonly pidfdSocket?: string;
  readonly pidFile?: string;
  readonly preserveFds: number;
  readonly ignorePaused: boolean;
  /** Sub-cgroups: by controller on v1, under the key `''` for all controllers. */
  readonly cgroup?: Readonly<Record<string, string>>;
}

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** Of a container whose record cannot be worked with, or was written by a later version of tsoci. Only in lists. */
export type UnusableStatus = 'damaged' | 'newer';

/** The specification's state, with what runc's users find there as well. */
export interface State {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when stopped. */
  readonly pid: number;
  readonly status: Status | UnusableStatus;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Name of the user who created it, or their uid. */
  readonly owner: string;
}
