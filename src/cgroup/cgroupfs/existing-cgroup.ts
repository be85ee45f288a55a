import { Failure, messageOf } from '../../failure.ts';
import { isSystemError, type Native } from '../../host/native.ts';
import type { CgroupEntry } from '../cgroup.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';
import {
  type Freezer,
  freeze,
  freezerOf,
  holdingFreezer,
  isFrozen,
  letKilledGo,
  thawIfThere,
} from './freezer.ts';
import { killAll } from './kill-all.ts';
import { Directories, placeOf, subCgroup } from './sub-cgroup.ts';
import { processesOf, removeTree } from './tree.ts';

/**
 * The half of `Cgroup` that knows nothing of limits: a cgroup that somebody made, by files, for v1, hybrid and v2.
 */
export class ExistingCgroup implements CgroupEntry {
  saved: SavedCgroup;
  readonly #host: CgroupHost;
  readonly #native: Native;

  constructor(host: CgroupHost, saved: SavedCgroup) {
    this.#host = host;
    this.#native = host.native;
    this.saved = saved;
  }

  joinPaths(): string[] {
    return this.#entry().joinPaths();
  }

  unifiedDirectory(): string | undefined {
    return this.saved.delegated ?? this.saved.unified?.path;
  }

  /** Directories in the v1 hierarchies. */
  #paths(): string[] {
    return this.saved.hierarchies.map(({ path }) => path);
  }

  #entry(): CgroupEntry {
    return new Directories(this.#paths(), this.unifiedDirectory());
  }

  processes(): number[] {
    const found = new Set<number>();
    const { hierarchies, unified } = this.saved;
    if (unified !== undefined) processesOf(this.#native, unified.path, found);
    // one v1 hierarchy stands for all: those that also stop or count processes first
    const v1 = hierarchyWith(this.saved, 'freezer') ?? hierarchyWith(this.saved, 'pids') ?? hierarchies[0];
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

  letKilledGo(): void {
    const freezer = this.#freezer();
    if (freezer !== undefined) letKilledGo(this.#native, freezer);
  }

  holdingFreezer(): string | undefined {
    const freezer = this.#freezer();
    return freezer && holdingFreezer(this.#native, freezer);
  }

  #freezer(): Freezer | undefined {
    return freezerOf(this.saved);
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
    const { unified } = this.saved;
    const holder = () => this.holdingFreezer();
    for (const path of this.#paths()) await removeTree(this.#host, path, holder);
    if (unified !== undefined) await removeTree(this.#host, unified.path, holder);
  }

  sub(paths: Readonly<Record<string, string>>): CgroupEntry {
    return subCgroup(this.#native, this.saved, paths);
  }

  placeOf(pid: number): CgroupEntry {
    return placeOf(this.#native, this.saved, pid);
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
