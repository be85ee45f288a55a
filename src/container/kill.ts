import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { Failure } from '../failure.ts';
import { hasErrno } from '../host/native.ts';
import { requireStatus, statusOf } from './lifecycle.ts';
import { openProcess } from './process-identity.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

/**
 * `kill`: sends a signal to the container's process, or with `all` to every process of its cgroup, which works also when
 * init has ended (runtime.md, Kill).
 *
 * Throws `Failure` (`status`, "container not running").
 */
export async function kill(
  context: Context,
  id: string,
  signal: number,
  { all }: { readonly all: boolean },
): Promise<void> {
  const { host } = context;
  const { native } = host;
  const store = new Store(native, context.root);
  const record = store.read(id);
  const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
  if (all && cgroup !== undefined) {
    if (cgroup.processes().length === 0) requireStatus('kill', id, statusOf(host, store, record, cgroup));
    await cgroup.killAll(signal);
    return;
  }
  requireStatus('kill', id, statusOf(host, store, record, cgroup));
  const pidfd = record.init && openProcess(native, record.init);
  if (pidfd === undefined) throw new Failure('status', `container not running: container "${id}" is stopped`);
  try {
    native.pidfdSend(pidfd, signal);
  } catch (error) {
    if (hasErrno(error, 'ESRCH'))
      throw new Failure('status', `container not running: container "${id}": process already finished`);
    throw error;
  } finally {
    native.close(pidfd);
  }
}
