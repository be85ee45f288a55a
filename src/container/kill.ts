import type { Cgroup } from '../cgroup/cgroup.ts';
import { Failure } from '../failure.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { SIGKILL } from '../host/signals.ts';
import { sharersOf } from './process/clear-cgroup.ts';
import { openProcess } from './process/process-identity.ts';
import { hasLiveInit } from './record/lifecycle.ts';
import { openContainer } from './record/open-container.ts';
import type { ContainerRecord } from './record/record.ts';
import type { Store } from './record/store.ts';
import type { Context } from './types.ts';

/**
 * `kill`: sends a signal to the container's process, or with `all` to every process of its cgroup, which works also
 * when init has ended (runtime.md, Kill). SIGKILL ends the container also when it is paused, and when init's end
 * would end nobody else, as it shares a pid namespace, everybody in its cgroup.
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
  const container = openContainer(context, id);
  const { store, record, cgroup } = container;
  if (cgroup !== undefined && (all || (signal === SIGKILL && outlivesInit(store, record)))) {
    const members = cgroup.processes();
    if (members.length > 0) {
      await cgroup.killAll(signal);
      if (all || !hasLiveInit(host.native, record) || members.includes(record.init?.pid ?? 0)) return;
    }
    // Nobody is left to be signalled: what was asked for is so.
    if (all && container.status() === 'stopped') return;
  }
  container.require('kill');
  signalInit(host.native, record, signal, cgroup);
}

/** Its processes are in its cgroup alone: not in its own pid namespace, and not beside those of another container. */
function outlivesInit(store: Store, { id, sharesPids, cgroup }: ContainerRecord): boolean {
  if (sharesPids !== true || cgroup === undefined) return false;
  return sharersOf(store, id, cgroup).length === 0;
}

function signalInit(
  native: Native,
  record: ContainerRecord,
  signal: number,
  cgroup: Cgroup | undefined,
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
