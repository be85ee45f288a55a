import type { Resources } from '../bundle/config.ts';
import { Failure, messageOf } from '../failure.ts';
import { hasErrno, isSystemError, type Native } from '../host/native.ts';
import { applySteps, withCleanup } from './apply-steps.ts';
import type { Cgroup, CgroupEntry, SavedCgroup } from './cgroup.ts';
import type { CgroupStatistics } from './cgroup-statistics.ts';
import type { CgroupStep } from './cgroup-step.ts';
import { fillCpuset, inheritCpuset } from './cpuset.ts';
import { enableControllers, readControllers } from './enable-controllers.ts';
import { type Freezer, freeze, isFrozen, thawIfThere } from './freezer.ts';
import { giveTo } from './give-to.ts';
import { killAll } from './kill-all.ts';
import type { Controllers, PresentLimits } from './plan-draft.ts';
import { type PlanOptions, planResources, type ResourcePlan } from './plan-resources.ts';
import { presentLimits } from './present-limits.ts';
import { readStatistics } from './statistics.ts';
import { Directories, placeOf, subCgroup } from './sub-cgroup.ts';
import { makeTree, processesOf, removeTree } from './tree.ts';
import type { CgroupHost } from './wait.ts';

const NO_PERMISSION = ['EACCES', 'EPERM', 'EROFS'] as const;

/** `Cgroup` by files, for v1, hybrid and v2: v2 is the case without v1 hierarchies. */
export class CgroupfsCgroup implements Cgroup {
  saved: SavedCgroup;
  readonly warnings: string[] = [];
  readonly #host: CgroupHost;
  readonly #native: Native;
  /** What create made, in that order. */
  #made: string[] = [];

  constructor(host: CgroupHost, saved: SavedCgroup) {
    this.#host = host;
    this.#native = host.native;
    this.saved = saved;
  }

  checkUnused(): void {
    const { hierarchies, unified } = this.saved;
    for (const { controllers, path } of hierarchies)
      if (this.#native.status(path, false) !== undefined) this.#checkUnused(path, controllers);
    if (unified !== undefined && this.#native.status(unified.path, false) !== undefined)
      this.#checkUnused(unified.path, undefined);
  }

  async create(): Promise<void> {
    try {
      this.#createAll();
    } catch (error) {
      throw withCleanup(error, this.undoCreate());
    }
  }

  #createAll(): void {
    const { hierarchies, unified } = this.saved;
    const usable = hierarchies.filter(({ controllers, path }) => this.#createOne(path, controllers));
    const usableUnified = unified !== undefined && this.#createOne(unified.path, undefined);
    if (unified !== undefined && usableUnified && this.saved.mode === 'v2')
      enableControllers(
        this.#native,
        unified.mount,
        unified.path,
        readControllers(this.#native, unified.mount),
      );
    this.saved = { ...this.saved, hierarchies: usable, unified: usableUnified ? unified : undefined };
    if (usable.length === 0 && !usableUnified)
      this.warnings.push('the container has no cgroup of its own: no permission to create one');
  }

  /** False when a rootless caller may not make it. */
  #createOne(path: string, controllers: readonly string[] | undefined): boolean {
    const made: string[] = [];
    try {
      const fresh = makeTree(this.#native, path, made);
      if (controllers?.includes('cpuset')) this.#prepareCpuset(path, made);
      if (!fresh) this.#checkUnused(path, controllers);
      this.#made.push(...made);
      return true;
    } catch (error) {
      if (this.saved.rootless && hasErrno(error, ...NO_PERMISSION)) {
        this.#removeMade(made);
        return false;
      }
      this.#made.push(...made);
      if (error instanceof Failure) throw error;
      const errno = isSystemError(error) ? { errno: error.code } : {};
      throw new Failure('system', `cannot create cgroup "${path}": ${messageOf(error)}`, {
        pointer: '/linux/cgroupsPath',
        ...errno,
        cause: error,
        ...(hasErrno(error, ...NO_PERMISSION)
          ? { hint: 'Run as root, or as a user whom the cgroup is delegated to.' }
          : {}),
      });
    }
  }

  #prepareCpuset(path: string, made: readonly string[]): void {
    const first = made[0] ?? path;
    // the mount is where the climb ends: four components, /sys/fs/cgroup/NAME
    const mount = first.split('/').slice(0, 5).join('/');
    inheritCpuset(this.#native, mount, made);
    if (made.length === 0) fillCpuset(this.#native, mount, path);
  }

  /** config-linux.md, "Control groups": a cgroup that is frozen or has processes is not fit for a new container. */
  #checkUnused(path: string, controllers: readonly string[] | undefined): void {
    const members = processesOf(this.#native, path);
    const detail = {
      pointer: '/linux/cgroupsPath',
      hint: 'Give each container a cgroupsPath of its own, or remove the cgroup that is left over.',
    };
    if (members.size > 0)
      throw new Failure('status', `cgroup "${path}" is not empty: ${members.size} process(es) in it`, detail);
    const freezer = controllers === undefined ? 'v2' : controllers.includes('freezer') ? 'v1' : undefined;
    if (freezer !== undefined && isFrozen(this.#native, { kind: freezer, path }))
      throw new Failure('status', `cgroup "${path}" is frozen`, detail);
  }

  undoCreate(): unknown[] {
    const made = this.#made;
    this.#made = [];
    return this.#removeMade(made);
  }

  #removeMade(made: readonly string[]): unknown[] {
    const failed: unknown[] = [];
    for (const path of [...made].reverse()) {
      try {
        this.#native.removeDirectory(path);
      } catch (error) {
        // a parent may have got another child in the meantime
        if (!hasErrno(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY')) failed.push(error);
      }
    }
    return failed;
  }

  async apply(resources: Resources | undefined): Promise<void> {
    try {
      this.#apply(resources, { pointer: '/linux/resources' });
    } catch (error) {
      throw withCleanup(error, this.undoCreate());
    }
  }

  async update(resources: Resources, pointer: string): Promise<void> {
    this.#apply(resources, { pointer, present: this.presentLimits(resources) });
  }

  /** The limits in force, as far as new ones depend on them. */
  protected presentLimits(resources: Resources): PresentLimits {
    return presentLimits(this.#native, this.saved, resources);
  }

  /** The writes that put limits in force here. */
  protected planned(resources: Resources | undefined, options: PlanOptions): ResourcePlan {
    return planResources(this.#controllers(), resources, options);
  }

  #apply(resources: Resources | undefined, options: PlanOptions): void {
    const plan = this.planned(resources, options);
    this.warnings.push(...plan.warnings);
    this.#enableForHybrid(plan.steps);
    const restoreOnFailure = options.present !== undefined;
    this.warnings.push(...applySteps(this.#native, this.saved, plan.steps, { restoreOnFailure }));
  }

  /** The machine's controllers where this container has directories, or would have them with more rights. */
  #controllers(): Controllers {
    const { mode, hierarchies, unified, rootless } = this.saved;
    const v1 = new Set(hierarchies.flatMap(({ controllers }) => controllers));
    const own = unified === undefined ? [] : readControllers(this.#native, unified.mount);
    // rootless: what was left out is refused when it is applied, with the reason
    const missing = rootless ? LIMIT_CONTROLLERS : [];
    return {
      mode,
      v1: mode === 'v2' ? v1 : new Set([...v1, ...missing]),
      unified: new Set(mode === 'v2' ? [...own, ...missing] : own),
    };
  }

  /** Pure v2 has handed everything down at creation; a hybrid machine's unified hierarchy gets only what a limit needs. */
  #enableForHybrid(steps: readonly CgroupStep[]): void {
    const { mode, unified } = this.saved;
    if (mode !== 'hybrid' || unified === undefined) return;
    const needed = new Set<string>();
    for (const step of steps)
      if (step.kind === 'write' && step.hierarchy === 'v2' && step.controller !== 'cgroup')
        needed.add(step.controller);
    if (needed.size > 0) enableControllers(this.#native, unified.mount, unified.path, [...needed]);
  }

  joinPaths(): string[] {
    return this.#entry().joinPaths();
  }

  unifiedDirectory(): string | undefined {
    return this.saved.unified?.path;
  }

  #entry(): CgroupEntry {
    const { hierarchies, unified } = this.saved;
    return new Directories(
      hierarchies.map(({ path }) => path),
      unified?.path,
    );
  }

  processes(): number[] {
    const found = new Set<number>();
    const { hierarchies, unified } = this.saved;
    if (unified !== undefined) processesOf(this.#native, unified.path, found);
    // one v1 hierarchy stands for all: those that also stop or count processes first
    const v1 =
      hierarchies.find(({ controllers }) => controllers.includes('freezer')) ??
      hierarchies.find(({ controllers }) => controllers.includes('pids')) ??
      hierarchies[0];
    if (v1 !== undefined) processesOf(this.#native, v1.path, found);
    return [...found].sort((one, other) => one - other);
  }

  async freeze(): Promise<void> {
    const freezer = this.#freezer();
    if (freezer === undefined)
      throw new Failure('unsupported', 'cannot pause: the container has no cgroup with a freezer', {
        hint: 'Mount the v1 freezer hierarchy or cgroup v2; a rootless container needs a delegated cgroup.',
      });
    await this.#named('freeze', () => freeze(this.#host, freezer));
  }

  async thaw(): Promise<void> {
    const freezer = this.#freezer();
    if (freezer !== undefined) await this.#named('thaw', () => thawIfThere(this.#host, freezer));
  }

  frozen(): boolean {
    const freezer = this.#freezer();
    return freezer !== undefined && isFrozen(this.#native, freezer);
  }

  #freezer(): Freezer | undefined {
    const { hierarchies, unified } = this.saved;
    const v1 = hierarchies.find(({ controllers }) => controllers.includes('freezer'));
    if (v1 !== undefined) return { kind: 'v1', path: v1.path };
    return unified === undefined ? undefined : { kind: 'v2', path: unified.path };
  }

  async killAll(signal: number): Promise<number | undefined> {
    const target = {
      unified: this.saved.unified?.path,
      freezer: this.#freezer(),
      processes: () => this.processes(),
    };
    return this.#named('signal', () => killAll(this.#host, target, signal));
  }

  async delete(): Promise<void> {
    const { hierarchies, unified } = this.saved;
    const paths = hierarchies.map(({ path }) => path);
    if (unified !== undefined) paths.push(unified.path);
    for (const path of paths) await removeTree(this.#host, path);
    this.#made = [];
  }

  sub(paths: Readonly<Record<string, string>>): CgroupEntry {
    return subCgroup(this.#native, this.saved, paths);
  }

  placeOf(pid: number): CgroupEntry {
    return placeOf(this.#native, this.saved, pid);
  }

  statistics(): CgroupStatistics {
    return readStatistics(this.#native, this.saved);
  }

  giveTo(userId: number): void {
    const { mode, unified } = this.saved;
    if (mode === 'v2' && unified !== undefined) giveTo(this.#native, unified.path, userId);
  }

  /** A system error in the words of what was tried. */
  async #named<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const gone = error.code === 'ENOENT' || error.code === 'ENODEV';
      const reason = gone ? 'the cgroup does not exist' : messageOf(error);
      throw new Failure('system', `cannot ${action} the processes of the container: ${reason}`, {
        errno: error.code,
        cause: error,
      });
    }
  }
}

/** Controllers that `linux.resources` may need. */
const LIMIT_CONTROLLERS = [
  'cpu',
  'cpuset',
  'memory',
  'pids',
  'blkio',
  'io',
  'hugetlb',
  'rdma',
  'devices',
] as const;
