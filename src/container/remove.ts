import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { Failure } from '../failure.ts';
import { hasErrno } from '../host/native.ts';
import { requireStatus, statusOf } from './lifecycle.ts';
import { removeIfThere } from './pid-file.ts';
import { openProcess } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { stateDocument } from './state-document.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

const SIGKILL = 9;
/** How long a killed init may take to disappear, in milliseconds; it may have much memory to give back. */
const patience = 10_000;

/**
 * `delete`: undoes what create did, then runs the poststop hooks (runtime.md, Delete). With `force` a running container is
 * killed first, and one that does not exist is fine.
 *
 * Throws `Failure`: `not-found`, `status`, `system`.
 */
export async function remove(
  context: Context,
  id: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  const { native } = context.host;
  const store = new Store(native, context.root);
  const early = force ? forcedRecord(store, id) : store.read(id);
  if (early === undefined) {
    // Nothing, or a directory whose create was killed before it recorded anything.
    if (store.exists(id)) store.remove(id);
    return;
  }
  // A command that waits for the process would keep the lock as long as the process lives.
  if (force) await endInit(context, early);
  const lock = store.lock(id);
  try {
    const record = store.tryRead(id);
    if (record === undefined) return;
    await removeLocked(context, store, record, force);
  } finally {
    lock.release();
  }
}

/** With `force` a damaged record must not keep its container for ever. */
function forcedRecord(store: Store, id: string): ContainerRecord | undefined {
  try {
    return store.tryRead(id);
  } catch (error) {
    if (error instanceof Failure && error.code === 'internal') return undefined;
    throw error;
  }
}

async function removeLocked(
  context: Context,
  store: Store,
  record: ContainerRecord,
  force: boolean,
): Promise<void> {
  const { host } = context;
  const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
  const status = statusOf(host, store, record, cgroup);
  // We hold the lock: a container that is still being created is one whose create was killed.
  if (!force && status !== 'creating') requireStatus('delete', record.id, status);
  await endInit(context, record);
  if (cgroup !== undefined) {
    // Without a pid namespace of its own, the container's other processes outlive its init.
    if (cgroup.processes().length > 0) await cgroup.killAll(SIGKILL);
    await cgroup.delete();
  }
  if (record.resctrl !== undefined) {
    const { removeResctrl } = await import('./resctrl.ts');
    removeResctrl(host.native, record.resctrl);
  }
  if (record.temporary !== undefined) removeIfThere(host.native, record.temporary);
  store.remove(record.id);
  if (record.poststop.length > 0) {
    const { runPoststopHooks } = await import('./hooks.ts');
    await runPoststopHooks(host, record.poststop, stateDocument(record, 'stopped', 0), context.warn);
  }
}

/** Kills the init where it lives, and waits until it has ended. */
async function endInit(context: Context, record: ContainerRecord): Promise<void> {
  const { native, wait } = context.host;
  const pidfd = record.init && openProcess(native, record.init);
  if (pidfd === undefined) return;
  try {
    native.pidfdSend(pidfd, SIGKILL);
    if (record.cgroup !== undefined) await cgroupInUse(context.host, record.cgroup).thaw();
    if ((await wait.readable([pidfd], patience)).length === 0) {
      throw new Failure(
        'system',
        `the process of container "${record.id}" (pid ${record.init?.pid}) did not end within ${patience / 1000} s`,
        {
          hint: 'it hangs in the kernel, usually on a filesystem or device that does not answer',
        },
      );
    }
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error;
  } finally {
    native.close(pidfd);
  }
}
