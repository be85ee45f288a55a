import { openCgroup } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { isDirectory } from '../host/file-types.ts';
import { askUnless } from '../host/files.ts';
import { removeResctrl } from '../resctrl/group.ts';
import { outOfMemory } from './create/explain-limits.ts';
import { runPoststopHooks } from './hooks/hooks.ts';
import { clearCgroup } from './process/clear-cgroup.ts';
import { endProcess } from './process/end-process.ts';
import { removeIfThere } from './process/pid-file.ts';
import { reapEnded } from './process/process-identity.ts';
import { UnusableRecord } from './record/check-record.ts';
import type { Lock } from './record/lock.ts';
import { OpenContainer } from './record/open-container.ts';
import type { ContainerRecord } from './record/record.ts';
import { removeDamaged } from './record/remove-damaged.ts';
import { stateDocument } from './record/state-document.ts';
import { Store } from './record/store.ts';
import type { Context } from './types.ts';

/** How long a forced delete waits for another command on the container before it takes its place, in milliseconds. */
const courtesy = 100;

/**
 * `delete`: undoes what create did, then runs the poststop hooks (runtime.md, Delete). With `force` a running
 * container is killed first, one that does not exist is fine, and so are one whose record is damaged and one that
 * another command (a hanging hook, a create that was stopped) keeps the lock of.
 *
 * Throws `Failure`: `not-found`, `status`, `system`.
 *
 * @param how `ended`: the program has just ended, and whoever waits for it is told when that was for want of memory
 */
export async function remove(
  context: Context,
  id: string,
  { force, ended = false }: { readonly force: boolean; readonly ended?: boolean },
): Promise<void> {
  const store = new Store(context.host.native, context.root);
  const lock = force ? await lockByForce(context, store, id) : await store.lock(context.host.wait, id);
  if (lock === undefined) return;
  try {
    if (!force) return await removeLocked(context, store, store.read(id), false);
    const found = look(store, id);
    if (found instanceof UnusableRecord) {
      await removeDamaged(context, store, id, found);
    } else if (found !== undefined) {
      if (ended) tellOutOfMemory(context, found);
      await removeLocked(context, store, found, true);
    }
    // A directory whose create was killed before it recorded anything.
    else store.remove(id);
  } finally {
    lock.release();
  }
}

function look(store: Store, id: string): ContainerRecord | UnusableRecord | undefined {
  try {
    return store.tryRead(id);
  } catch (error) {
    if (error instanceof UnusableRecord) return error;
    throw error;
  }
}

/**
 * The lock, or the place of whoever does not let go of it; undefined when there is no such container. The process is
 * killed first: a command that waits for it keeps the lock as long as it lives.
 */
async function lockByForce(context: Context, store: Store, id: string): Promise<Lock | undefined> {
  try {
    const early = look(store, id);
    if (early !== undefined) await endInit(context, early instanceof UnusableRecord ? early.known : early);
    let waited = 0;
    for (let step = 1; ; step *= 2) {
      const lock = store.tryLock(id);
      if (lock !== 'busy') return lock;
      if (waited >= courtesy) return store.takeOver(id);
      await context.host.wait.pause(step);
      waited += step;
    }
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'not-found')) throw error;
    refuseObstacle(context, store.directory(id));
    return undefined;
  }
}

/** Whoever hears that a container is gone expects to be able to make it again: nothing else may have its name. */
function refuseObstacle({ host: { native } }: Context, path: string): void {
  const status = askUnless(['ENAMETOOLONG'], 'look at', path, () => native.status(path, false));
  if (status === undefined || isDirectory(status)) return;
  throw new Failure('invalid', `"${path}" is no directory, and so not the state of a container`, {
    hint: 'It is left alone; remove it by hand, or choose another id or --root',
  });
}

async function removeLocked(
  context: Context,
  store: Store,
  record: ContainerRecord,
  force: boolean,
): Promise<void> {
  const { host } = context;
  const container = new OpenContainer(host, store, record);
  const { cgroup } = container;
  // We hold the lock: a container that is still being created is one whose create was killed.
  if (!force && container.status() !== 'creating') container.require('delete');
  await endInit(context, record);
  // Whoever asked to be told of its end reaps it.
  if (record.init !== undefined && context.onExit === undefined) reapEnded(host.native, record.init);
  if (cgroup !== undefined) await clearCgroup(context, store, record, cgroup);
  if (record.resctrl !== undefined) {
    removeResctrl(host.native, record.resctrl);
  }
  if (record.temporary !== undefined) removeIfThere(host.native, record.temporary);
  // Of two that delete it at the same time, one runs the hooks.
  if (store.remove(record.id) && record.poststop.length > 0) {
    await runPoststopHooks(context, record.poststop, stateDocument(record, 'stopped', 0), context.warn);
  }
}

/** All that is seen of a program that the kernel killed for want of memory is its exit status, 137. */
function tellOutOfMemory({ host, warn }: Context, { id, cgroup }: ContainerRecord): void {
  if (cgroup === undefined) return;
  const words = outOfMemory(host, cgroup);
  if (words !== undefined) warn(`container "${id}": ${words}`, 'always');
}

/** Kills the init where it lives, and waits until it has ended. */
async function endInit(
  context: Context,
  { id, init, cgroup }: Pick<Partial<ContainerRecord>, 'id' | 'init' | 'cgroup'>,
): Promise<void> {
  if (init === undefined) return;
  await endProcess(context.host, init, { of: id ?? '', cgroup: cgroup && openCgroup(context.host, cgroup) });
}
