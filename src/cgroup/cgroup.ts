import type { Resources } from '../spec/config.ts';
import type { SavedCgroup } from './saved-cgroup.ts';
import type { CgroupStatistics } from './statistics/cgroup-statistics.ts';
import type { CgroupUsage } from './statistics/usage.ts';

/**
 * What has to be done for a process to be in a cgroup. The process does it itself: nothing here writes another's pid.
 */
export interface CgroupEntry {
  /** Files to which a single-threaded process writes `0` to enter (v1: `<directory>/tasks`). */
  joinPaths(): string[];
  /** Directory to open and give to clone3(CLONE_INTO_CGROUP): v2, and the unified hierarchy of hybrid. */
  unifiedDirectory(): string | undefined;
}

/**
 * The cgroup of one container with all that can be done to it, whatever the version and the driver: made, limited,
 * stopped, measured, removed. Nothing is kept open: every call works on paths. All waiting goes through the host: it
 * blocks the command, and leaves a library user's event loop free.
 */
export interface Cgroup extends CgroupEntry {
  /** For state.json. Right only after {@link create}, which may leave hierarchies out (rootless). */
  readonly saved: SavedCgroup;

  /** Pids, as this process sees them, of everything in the cgroup and below. */
  processes(): number[];

  /**
   * Stops every process of the cgroup, and waits until all have stopped.
   * @throws Failure `unsupported` without a freezer, `system` when they do not stop in time (they run on then)
   */
  freeze(): Promise<void>;
  /** Lets everything go on; nothing to do when the cgroup is gone. */
  thaw(): Promise<void>;
  /** True when frozen, or on the way to it. */
  frozen(): boolean;

  /**
   * After a SIGKILL: lets go what the freezer, or one that the container made below it, would keep from ending (v1).
   */
  letKilledGo(): void;
  /** For messages: the freezer that keeps killed processes from ending (v1), its own or one above. */
  holdingFreezer(): string | undefined;

  /**
   * Sends a signal to every process of the cgroup and below, none escaping by forking. SIGKILL also reaches a frozen
   * cgroup: it is thawed after it. Does not wait for the processes to end.
   * @returns how many processes were signalled, when that is known (cgroup.kill does not tell)
   */
  killAll(signal: number): Promise<number | undefined>;

  /**
   * Removes the cgroup with all below it; waits a little for processes that are still exiting. Gone already is fine.
   * @throws Failure `system` when processes stay in it
   */
  delete(): Promise<void>;

  /**
   * A sub-cgroup to enter (`exec --cgroup`), relative to the container's cgroup. It has to exist.
   * @param paths by v1 controller, or under the key `''` for all (and for v2)
   * @throws Failure `invalid` for a bad path or an unknown controller, `not-found` when it does not exist
   */
  sub(paths: Readonly<Record<string, string>>): CgroupEntry;

  /**
   * Where a process of the container is now: itself, or a sub-cgroup. For exec on v2, where an init system inside may
   * have moved everybody down, after which the container's own cgroup cannot take processes (EBUSY).
   */
  placeOf(pid: number): CgroupEntry;

  /**
   * There when somebody else (systemd, on v2) can move a process of ours: puts `pid`, which waits for it, where
   * `entry` is.
   * @throws Failure `system` when that is refused
   */
  readonly attach?: ((pid: number, entry: CgroupEntry) => Promise<void>) | undefined;

  /** True when nobody of ours may enter by themselves, so that {@link attach} is the only way. */
  readonly mustAttach?: boolean;

  /** Sentences for the person: what was accepted without effect. Grows with create, apply and update. */
  readonly warnings: readonly string[];

  /**
   * Looks whether the cgroup is free, without making anything: to be called before a record names it as the
   * container's, for whoever finds such a record later (a forced delete after a killed create) kills what is in the
   * cgroup.
   * @throws Failure `status` as {@link create}
   */
  checkUnused(): void;

  /**
   * Makes the directories, parents too; on v1, cpuset's lists are handed down from the parent.
   * @throws Failure `status` when the cgroup is there already and has processes or is frozen (config-linux.md,
   * "Control groups"); `system` when a directory cannot be made. Nothing that it made is left then.
   */
  create(): Promise<void>;

  /**
   * Puts the limits of a container that is being created in force, before anybody enters.
   * @throws Failure naming the pointer, the value and the reason; what {@link create} made is removed first.
   */
  apply(resources: Resources | undefined): Promise<void>;

  /**
   * There when somebody else makes the cgroup around a process (systemd does): puts the process `pid` of container
   * `id`, which waits for it before doing anything, into a new cgroup with all limits in force. Comes in the place of
   * {@link create} and {@link apply}, which do nothing then.
   * @throws Failure as those do
   */
  readonly adopt?: (id: string, pid: number, resources: Resources | undefined) => Promise<void>;

  /**
   * Changes the limits of a container in use; all or nothing: when one is refused, those before it are put back.
   * @param pointer where `resources` stands, for messages; empty when it is the whole document
   * @throws Failure as {@link apply}
   */
  update(resources: Resources, pointer: string): Promise<void>;

  /**
   * Takes back what {@link create} made (only that), for a create that fails later. Returns what could not be
   * removed.
   */
  undoCreate(): unknown[];

  statistics(): CgroupStatistics;

  /** The few of them that are looked at again and again. */
  usage(): CgroupUsage;

  /**
   * Hands the cgroup to a user (config-linux.md, "Cgroup ownership"): v2 only, and only the files that the kernel
   * lists as safe to delegate. Does nothing on v1. Where a part of it is delegated, that one alone.
   */
  giveTo(userId: number): void;

  /**
   * Once the container's processes are in the delegated part, if there is one: hands down the controllers, which
   * takes that nobody is left above (cgroup-v2.rst, "No Internal Process Constraint").
   */
  handOver(): void;
}
