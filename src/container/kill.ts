import type { CgroupInUse } from '../cgroup/cgroup.ts';
import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { Failure } from '../failure.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { hasLiveInit, requireStatus, statusOf } from './lifecycle.ts';
import { openProcess } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

const SIGKILL = 9;

/**
 * `kill`: sends a signal to the container's process, or with `all` to every process of its cgroup, which works also when
 * init has ended (runtime.md, Kill). SIGKILL ends the container also when it is paused, and when init's end would end nobody else,
 * as it shares a pid namespace, everybody in its cgroup.
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
  const store = new Store(host.native, context.root);
  const record = store.read(id);
  const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
  if (cgroup !== undefined && (all || (signal === SIGKILL && (await outlivesInit(store, record))))) {
    const members = cgroup.processes();
    if (members.length > 0) {
      await cgroup.killAll(signal);
      if (all || !hasLiveInit(host.native, record) || members.includes(record.init?.pid ?? 0)) return;
    }
    const status = statusOf(host, store, record, cgroup);
    // Nobody is left to be signalled: what was asked for is so.
    if (all && status === 'stopped') return;
    requireStatus('kill', id, status);
  }
  requireStatus('kill', id, statusOf(host, store, record, cgroup));
  signalInit(host.native, record, signal, cgroup);
}

/** Its processes are in its cgroup alone: not in its own pid namespace, and not beside those of another container. */
async function outlivesInit(store: Store, { id, sharesPids, cgroup }: ContainerRecord): Promise<boolean> {
  if (sharesPids !== true || cgroup === undefined) return false;
  const { sharersOf } = await import('./clear-cgroup.ts');
  return sharersOf(store, id, cgroup).length === 0;
}

function signalInit(
  native: Native,
  record: ContainerRecord,
  signal: number,
  cgroup: CgroupInUse | undefined,
): void {
  const pidfd = record.init && openProcess(native, record.init);
  if (pidfd === undefined)
    throw new Failure('status', `container not running: container "${record.id}" is stopped`);
  try {
    native.pidfdSend(pidfd, signal);
    if (signal === SIGKILL) cgroup?.letKilledGo();
  } catch (error) {
    if (hasErrno(error, 'ESRCH'))
      throw new Failure(
        'status',
        `container not running: container "${record.id}": process already finished`,
      );
    throw error;
  } finally {
    native.close(pidfd);
  }
}
