import { Failure, messageOf, withCleanup } from '../../failure.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';
import type { Resources } from '../../spec/config.ts';
import { type Applied, applySteps } from '../apply/apply-steps.ts';
import { limitsInForce } from '../apply/limits-in-force.ts';
import type { Cgroup } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import type { Controllers } from '../limits/draft.ts';
import { type PlanOptions, planResources, type ResourcePlan } from '../limits/resources.ts';
import type { CgroupStep } from '../limits/step.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import type { CgroupStatistics } from '../statistics/cgroup-statistics.ts';
import { readStatistics } from '../statistics/statistics.ts';
import { type CgroupUsage, readUsage } from '../statistics/usage.ts';
import { changeOwner } from './change-owner.ts';
import { fillCpuset, inheritCpuset } from './cpuset.ts';
import { enableControllers, readControllers } from './enable-controllers.ts';
import { ExistingCgroup } from './existing-cgroup.ts';
import { isFrozen } from './freezer.ts';
import { handDown } from './hand-down.ts';
import { makeTree, processesOf } from './tree.ts';

const NO_PERMISSION = ['EACCES', 'EPERM', 'EROFS'] as const;

/** `Cgroup` by files, for v1, hybrid and v2: v2 is the case without v1 hierarchies. */
export class CgroupfsCgroup extends ExistingCgroup implements Cgroup {
  readonly warnings: string[] = [];
  readonly #native: Native;
  /** What create made, in that order. */
  #made: string[] = [];

  constructor(host: CgroupHost, saved: SavedCgroup) {
    super(host, saved);
    this.#native = host.native;
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
      this.createAll();
    } catch (error) {
      throw withCleanup(error, this.undoCreate());
    }
  }

  /**
   * Makes the directories that are not there.
   * @param member a process of ours that may be in those that are
   */
  protected createAll(member?: number): void {
    const { hierarchies, unified, delegated, ...rest } = this.saved;
    const usable: SavedCgroup['hierarchies'][number][] = [];
    for (const hierarchy of hierarchies)
      if (this.#createOne(hierarchy.path, hierarchy.controllers, member)) usable.push(hierarchy);
    const usableUnified = unified !== undefined && this.#createOne(unified.path, undefined, member);
    const delegates =
      usableUnified && delegated !== undefined && this.#createOne(delegated, undefined, member);
    this.saved = {
      ...rest,
      hierarchies: usable,
      unified: usableUnified ? unified : undefined,
      ...(delegates && { delegated }),
    };
    if (usable.length === 0 && !usableUnified)
      this.warnings.push('the container has no cgroup of its own: no permission to create one');
  }

  /** False when a rootless caller may not make it. */
  #createOne(path: string, controllers: readonly string[] | undefined, member?: number): boolean {
    const made: string[] = [];
    try {
      const fresh = makeTree(this.#native, path, made);
      if (controllers?.includes('cpuset')) this.#prepareCpuset(path, made);
      if (!fresh) this.#checkUnused(path, controllers, member);
      this.#made.push(...made);
      return true;
    } catch (error) {
      if (this.saved.rootless && hasErrno(error, ...NO_PERMISSION)) {
        this.#removeMade(made);
        return false;
      }
      this.#made.push(...made);
      if (error instanceof Failure) throw error;
      const errno = isSystemError(error) ? error.code : undefined;
      throw new Failure('system', `cannot create cgroup "${path}": ${messageOf(error)}`, {
        pointer: '/linux/cgroupsPath',
        errno,
        cause: error,
        hint: hasErrno(error, ...NO_PERMISSION)
          ? 'Run as root, or as a user whom the cgroup is delegated to.'
          : undefined,
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
  #checkUnused(path: string, controllers: readonly string[] | undefined, member?: number): void {
    const members = processesOf(this.#native, path);
    if (member !== undefined) members.delete(member);
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
      const { steps, warnings } = this.planned(resources, { pointer: '/linux/resources' });
      handDown(this.#native, this.saved, steps);
      this.warnings.push(...warnings, ...this.perform(steps, false).warnings);
    } catch (error) {
      throw withCleanup(error, this.undoCreate());
    }
  }

  async update(resources: Resources, pointer: string): Promise<void> {
    const { steps, warnings } = this.plannedChange(resources, pointer);
    this.prepareChange(steps);
    const change = this.perform(steps, true);
    this.warnings.push(...warnings, ...change.warnings);
    change.keep();
  }

  /** The writes that put limits in force here. */
  protected planned(resources: Resources | undefined, options: PlanOptions): ResourcePlan {
    return planResources(this.#controllers(), resources, options);
  }

  /** The same for limits that replace those in force. */
  protected plannedChange(resources: Resources, pointer: string): ResourcePlan {
    return this.planned(resources, { pointer, present: limitsInForce(this.#native, this.saved, resources) });
  }

  /** A hybrid machine's unified hierarchy was given only what the limits before needed. */
  protected prepareChange(steps: readonly CgroupStep[]): void {
    if (this.saved.mode === 'hybrid') handDown(this.#native, this.saved, steps);
  }

  protected perform(steps: readonly CgroupStep[], restoreOnFailure: boolean): Applied {
    return applySteps(this.#native, this.saved, steps, { restoreOnFailure });
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

  override async delete(): Promise<void> {
    await super.delete();
    this.#made = [];
  }

  statistics(): CgroupStatistics {
    return readStatistics(this.#native, this.saved);
  }

  usage(): CgroupUsage {
    return readUsage(this.#native, this.saved);
  }

  giveTo(userId: number): void {
    const directory = this.unifiedDirectory();
    if (this.saved.mode === 'v2' && directory !== undefined) changeOwner(this.#native, directory, userId);
  }

  handOver(): void {
    const { unified, delegated } = this.saved;
    if (unified === undefined || delegated === undefined) return;
    const controllers = readControllers(this.#native, unified.path);
    enableControllers(this.#native, unified.mount, delegated, controllers);
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
