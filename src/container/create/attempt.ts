import type { Cgroup } from '../../cgroup/cgroup.ts';
import { Failure, failuresOf, withCleanup } from '../../failure.ts';
import type { MovedDevices } from '../../network/network-devices.ts';
import type { ResctrlGroup } from '../../resctrl/group.ts';
import { runPoststopHooks } from '../hooks/hooks.ts';
import { removeIfThere, writePidFile } from '../process/pid-file.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { Lock } from '../record/lock.ts';
import type { ContainerRecord } from '../record/record.ts';
import { stateDocument } from '../record/state-document.ts';
import { Store } from '../record/store.ts';
import type { Context } from '../types.ts';
import { Undo } from './cleanup.ts';

/**
 * A container on its way into being, by `create` or by `restore`: what is known of it, its lock, and what is to be
 * undone when a later step fails.
 */
export class Attempt {
  readonly context: Context;
  readonly store: Store;
  readonly undo = new Undo();
  readonly #lock: Lock;
  #record: ContainerRecord;
  /** With its process, written down. */
  #prepared: ContainerRecord | undefined;
  #hooked = false;
  #keepDevices = (): void => undefined;

  constructor(context: Context, store: Store, lock: Lock, record: ContainerRecord) {
    this.context = context;
    this.store = store;
    this.#lock = lock;
    this.#record = record;
    this.undo.add(() => store.remove(record.id));
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  /** Records the container, still without a process. Throws `Failure` (`status`) when its cgroup is in use. */
  claim(cgroup: Cgroup): void {
    // Before it is recorded as this container's: whatever is recorded, `delete --force` may kill. And after the id is
    // ours: that it is in use says more than that its cgroup is.
    cgroup.checkUnused();
    this.store.write(this.#record);
  }

  /** From here on the cgroup is this container's, and goes with it. */
  ownCgroup(cgroup: Cgroup): void {
    // What a forced delete took away meanwhile may be another container's by now: then only what is empty and was
    // made here goes.
    this.undo.add(() => (this.#lock.isCurrent() ? cgroup.delete() : cgroup.undoCreate()));
  }

  makeResctrl(group: ResctrlGroup | undefined): void {
    if (group === undefined) return;
    this.undo.add(() => group.remove());
    group.create();
  }

  /** Network devices that were moved into the container stay there, unless it fails. */
  ownDevices(moved: MovedDevices | undefined): void {
    if (moved === undefined) return;
    this.undo.add(() => moved.takeBack());
    this.#keepDevices = moved.keep;
  }

  /** Hooks run from here on, so those of poststop have to when it fails. */
  beginHooks(): void {
    this.#hooked = true;
  }

  /** What has become known of it; written down with its process. */
  learn(known: Pick<ContainerRecord, 'cgroup' | 'startNotes' | 'resctrl'>): void {
    this.#record = { ...this.#record, ...known };
  }

  /**
   * Writes down its process, if it has not ended already, for `commit`: for whoever looks, the container is still
   * without one.
   */
  prepare(init: ProcessIdentity | undefined): void {
    if (init === undefined) return;
    this.#prepared = { ...this.#record, init };
    this.store.prepare(this.#prepared);
  }

  /**
   * The process that was written down is ready: with this the container exists. Throws `Failure` (`system`), also
   * without a process.
   */
  commit(pidFile: string | undefined): void {
    const { init, id } = this.#prepared ?? this.#record;
    if (init === undefined) throw new Failure('system', 'the container process died before it was recorded');
    this.store.publish(id);
    this.#record = { ...this.#record, init };
    if (pidFile === undefined) return;
    const { native } = this.context.host;
    writePidFile(native, pidFile, id, init.pid);
    this.undo.add(() => this.#lock.isCurrent() && removeIfThere(native, pidFile));
  }

  /** It has worked. */
  keep(): void {
    this.#keepDevices();
  }

  /** Who cannot look undoes all the same: each step looks for itself. */
  #isTaken(): boolean {
    let taken = false;
    failuresOf(() => {
      taken = !this.#lock.isCurrent();
    });
    return taken;
  }

  /** Undoes everything, and gives the failure to tell. */
  async giveUp(error: unknown): Promise<unknown> {
    const taken = this.#isTaken();
    const cleanup = await this.undo.run();
    const { id, poststop } = this.#record;
    if (taken) return takenAway(id, error);
    if (this.#hooked && poststop.length > 0) {
      const { context } = this;
      await runPoststopHooks(context, poststop, stateDocument(this.#record, 'stopped', 0), context.warn);
    }
    return withCleanup(error, cleanup);
  }
}

/** Somebody deleted it by force, whose word counts: poststop hooks and the rest are theirs. */
function takenAway(id: string, cause: unknown): Failure {
  return new Failure('status', `container "${id}" was deleted by force while it was created`, { cause });
}

/**
 * Makes a container: takes its place in the store under its lock, and calls `make`. What that throws is thrown here,
 * when everything that was done until then has been undone.
 *
 * Throws `Failure` (`exists`) when the id is in use.
 */
export async function attempt<Made>(
  context: Context,
  record: ContainerRecord,
  make: (attempt: Attempt) => Promise<Made>,
): Promise<Made> {
  const store = new Store(context.host.native, context.root);
  const lock = await store.reserve(context.host.wait, record.id);
  const attempted = new Attempt(context, store, lock, record);
  try {
    const made = await make(attempted);
    attempted.keep();
    return made;
  } catch (error) {
    throw await attempted.giveUp(error);
  } finally {
    lock.release();
  }
}
