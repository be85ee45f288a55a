import { Failure, withCleanup } from '../../failure.ts';
import { waitUntil } from '../../host/wait.ts';
import type { Resources } from '../../spec/config.ts';
import type { CgroupEntry } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { CgroupfsCgroup } from '../cgroupfs/cgroupfs.ts';
import { membersOf } from '../cgroupfs/tree.ts';
import { parseProcCgroup } from '../layout/detect-cgroups.ts';
import type { CgroupStep } from '../limits/step.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import { attachProcess, moveBelow } from './attach-process.ts';
import { limitsInFiles, plannedLimits, toProperties } from './limit-properties.ts';
import { type Scope, scopeOf } from './scope-of.ts';
import { stopScope } from './stop-scope.ts';
import { busNameOf, refused, setUnitProperties, startTransientUnit, unitExists } from './unit-manager.ts';
import { scopeProperties, type UnitProperty } from './unit-properties.ts';

/** Milliseconds that systemd gets to start or stop a scope. */
const patience = 10_000;

/** True for device rules that systemd writes too. */
const isDeviceWrite = (step: CgroupStep): boolean => step.kind === 'write' && step.controller === 'devices';

/**
 * A container's cgroup as a transient scope of systemd. systemd makes it around the stub, which waits for that before
 * anything else; it is told the limits that it knows in the same call, and then everything is written by us exactly
 * as without systemd, so that both drivers give the same limits. On v1 the hierarchies that systemd does not use get
 * a directory of the same name, which the stub enters by itself. Everything else is the same as with files alone: the
 * scope is delegated to us.
 */
export class SystemdCgroup extends CgroupfsCgroup {
  readonly #host: CgroupHost;
  readonly #wished: readonly UnitProperty[];

  /** @param wished properties that the scope is to have whatever ours are, when it is made */
  constructor(host: CgroupHost, saved: SavedCgroup, wished: readonly UnitProperty[] = []) {
    super(host, saved);
    this.#host = host;
    this.#wished = wished;
  }

  get #scope(): Scope {
    return scopeOf(this.saved);
  }

  /** Nothing to do: see {@link adopt}. */
  override async create(): Promise<void> {
    await Promise.resolve();
  }

  /** Nothing to do: see {@link adopt}. */
  override async apply(): Promise<void> {
    await Promise.resolve();
  }

  /** See `Cgroup.adopt`. */
  readonly adopt = async (id: string, pid: number, resources: Resources | undefined): Promise<void> => {
    const { unit, slice, kind, path } = this.#scope;
    const { native } = this.#host;
    const { steps } = this.planned(resources, { pointer: '/linux/resources' });
    const limits = toProperties(native, this.saved, plannedLimits(this.saved, steps, resources));
    const last = [...new Map([...scopeProperties(id, slice, pid), ...limits, ...this.#wished])];
    try {
      await startTransientUnit(this.#host, kind, unit, last);
    } catch (error) {
      if (busNameOf(error) !== unitExists) throw refused('start', unit, error);
      throw new Failure('status', `systemd has a unit "${unit}" already`, {
        pointer: '/linux/cgroupsPath',
        cause: error,
        hint: 'Give each container a cgroupsPath of its own, or stop the unit that is left over.',
      });
    }
    // systemd sets limits first and moves the process then
    if (!(await waitUntil(this.#host.wait, patience, () => membersOf(native, path).includes(pid))))
      throw new Failure('system', `systemd did not move the process to "${path}" in ${patience / 1000} s`, {
        pointer: '/linux/cgroupsPath',
        hint: `\`systemctl ${kind === 'user' ? '--user ' : ''}status ${unit}\` may tell why.`,
      });
    // Hierarchies, and controllers, that systemd does not hand down: cpuset and freezer on v1, hugetlb, rdma.
    this.createAll(pid);
    // A scope with processes in it hands no controller down.
    if (this.unifiedDirectory() !== path && this.saved.mode === 'v2')
      await moveBelow(this.#host, this.saved, pid, this);
    await super.apply(resources);
  };

  override async update(resources: Resources, pointer: string): Promise<void> {
    const { steps, warnings } = this.plannedChange(resources, pointer);
    const before = this.#present(steps);
    this.prepareChange(steps);
    const change = this.perform(steps, true);
    let told = false;
    try {
      await this.#withoutDevicesMissed(steps, async () => {
        await this.#tell(this.#present(steps));
        told = true;
        this.#rewrite(steps, resources, pointer);
      });
    } catch (error) {
      const cleanup: unknown[] = [];
      if (told) await this.#tell(before).catch((failure: unknown) => cleanup.push(failure));
      throw withCleanup(error, [...cleanup, ...change.takeBack()]);
    }
    this.warnings.push(...warnings, ...change.warnings);
    change.keep();
  }

  /** What files hold now, as systemd has to be told it. */
  #present(steps: readonly CgroupStep[]): UnitProperty[] {
    const { native } = this.#host;
    return toProperties(native, this.saved, limitsInFiles(native, this.saved, steps));
  }

  async #tell(properties: readonly UnitProperty[]): Promise<void> {
    const { unit, kind } = this.#scope;
    if (properties.length === 0) return;
    try {
      await setUnitProperties(this.#host, kind, unit, properties);
    } catch (error) {
      throw refused('change', unit, error);
    }
  }

  /** systemd has written what it was told, and it rounds. */
  #rewrite(steps: readonly CgroupStep[], { devices }: Resources, pointer: string): void {
    this.perform(
      steps.filter((step) => step.kind === 'write' && !isDeviceWrite(step)),
      false,
    ).keep();
    if (devices !== undefined && steps.some(isDeviceWrite))
      this.perform(this.plannedChange({ devices }, pointer).steps, false).keep();
  }

  /** On v1 systemd takes all devices away before it allows the new ones: nobody is to run in between. */
  async #withoutDevicesMissed(steps: readonly CgroupStep[], work: () => Promise<void>): Promise<void> {
    if (!steps.some(isDeviceWrite) || this.frozen()) return work();
    await this.freeze();
    try {
      await work();
    } finally {
      await this.thaw();
    }
  }

  /** See `Cgroup.attach`: systemd moves processes into what it has delegated, for whoever may ask it (v2). */
  get attach(): ((pid: number, entry: CgroupEntry) => Promise<void>) | undefined {
    const { mode, unified } = this.saved;
    if (mode !== 'v2' || unified === undefined) return undefined;
    return (pid, entry) => attachProcess(this.#host, this.saved, pid, entry);
  }

  /**
   * Nobody may move themselves into the tree of a user's systemd from outside of it (cgroup-v2.rst, "Delegation
   * Containment"); that systemd has the machine's do it.
   */
  get mustAttach(): boolean {
    const { scope, unified } = this.saved;
    if (scope?.kind !== 'user' || unified === undefined) return false;
    const tree = /^.*\/user@\d+\.service(?=\/)/.exec(unified.path.slice(unified.mount.length))?.[0];
    const lines = parseProcCgroup(this.#host.native.readText('/proc/self/cgroup', 65536));
    const own = lines.find(({ controllers }) => controllers.length === 0)?.path;
    return tree !== undefined && own !== undefined && !`${own}/`.startsWith(`${tree}/`);
  }

  override async delete(): Promise<void> {
    await stopScope(this.#host, this.saved);
    await super.delete();
  }
}
