import type { Resources } from '../../bundle/config.ts';
import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno } from '../../host/native.ts';
import type { SavedCgroup } from '../cgroup.ts';
import { CgroupfsCgroup } from '../cgroupfs.ts';
import { enableControllers, readControllers } from '../enable-controllers.ts';
import { membersOf } from '../tree.ts';
import { waitUntil } from '../wait.ts';
import { type Scope, scopeOf } from './scope-of.ts';
import { stopScope } from './stop-scope.ts';
import { busNameOf, refused, setUnitProperties, startTransientUnit, unitExists } from './unit-manager.ts';
import { propertiesOf, propertiesOfFile, scopeProperties, type UnitProperty } from './unit-properties.ts';

/** Milliseconds that systemd gets to start or stop a scope. */
const patience = 10_000;
const maximum = 65536;

/**
 * A container's cgroup as a transient scope of systemd, on cgroup v2. systemd makes it around the stub, which waits for that before
 * anything else; it is told the limits that it knows in the same call, and then everything is written by us exactly as without systemd, so
 * that both drivers give the same limits. Everything else is the same as with files alone: the scope is delegated to us.
 */
export class SystemdCgroup extends CgroupfsCgroup {
  readonly #host: Host;
  readonly #id: string;

  constructor(host: Host, saved: SavedCgroup, id: string) {
    super(host, saved);
    this.#host = host;
    this.#id = id;
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
  readonly adopt = async (pid: number, resources: Resources | undefined): Promise<void> => {
    const { unit, slice, kind, path } = this.#scope;
    const { native } = this.#host;
    const { steps } = this.planned(resources, { pointer: '/linux/resources' });
    const limits = propertiesOf(steps);
    const named = new Set(limits.map(([name]) => name));
    const general = scopeProperties(this.#id, slice, pid).filter(([name]) => !named.has(name));
    try {
      await startTransientUnit(this.#host, kind, unit, [...general, ...limits]);
    } catch (error) {
      if (busNameOf(error) !== unitExists) throw refused('start', unit, error);
      throw new Failure('status', `systemd has a unit "${unit}" already`, {
        pointer: '/linux/cgroupsPath',
        cause: error,
        hint: 'Give each container a cgroupsPath of its own, or stop the unit that is left over.',
      });
    }
    if (!(await waitUntil(this.#host, patience, () => membersOf(native, path).includes(pid))))
      throw new Failure('system', `systemd did not move the process to "${path}" in ${patience / 1000} s`, {
        pointer: '/linux/cgroupsPath',
        hint: `systemctl ${kind === 'user' ? '--user ' : ''}status ${unit} may tell why.`,
      });
    const { unified } = this.saved;
    // Controllers that systemd does not hand down: hugetlb, rdma.
    if (unified !== undefined)
      enableControllers(native, unified.mount, path, readControllers(native, unified.mount));
    await super.apply(resources);
  };

  override async update(resources: Resources, pointer: string): Promise<void> {
    const { unit, kind } = this.#scope;
    const { steps } = this.planned(resources, { pointer, present: this.presentLimits(resources) });
    const properties = propertiesOf(steps);
    const before = this.#presentProperties(steps.flatMap((step) => (step.kind === 'write' ? step.file : [])));
    try {
      if (properties.length > 0) await setUnitProperties(this.#host, kind, unit, properties);
      await super.update(resources, pointer);
    } catch (error) {
      if (before.length > 0) await setUnitProperties(this.#host, kind, unit, before);
      throw error instanceof Failure ? error : refused('change', unit, error);
    }
  }

  /** What files hold now, as systemd has to be told it when a change of them is taken back. */
  #presentProperties(files: readonly string[]): UnitProperty[] {
    const { path } = this.#scope;
    return [...new Set(files)].flatMap((file) => {
      try {
        return propertiesOfFile(file, this.#host.native.readText(`${path}/${file}`, maximum));
      } catch (error) {
        if (hasErrno(error, 'ENOENT')) return [];
        throw error;
      }
    });
  }

  override async delete(): Promise<void> {
    await stopScope(this.#host, this.saved);
    await super.delete();
  }
}
