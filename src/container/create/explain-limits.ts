import type { Cgroup } from '../../cgroup/cgroup.ts';
import type { SavedCgroup } from '../../cgroup/saved-cgroup.ts';
import { forksRefused, oomKills } from '../../cgroup/statistics/limit-events.ts';
import { readStatistics } from '../../cgroup/statistics/statistics.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno } from '../../host/native.ts';

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `64 KiB`; exact, so that people find their own number in it. */
function sizeText(bytes: number): string {
  let value = bytes;
  let power = 0;
  for (; value >= 1024 && value % 1024 === 0 && power < units.length - 1; power++) value /= 1024;
  return `${value} ${units[power]}`;
}

/** What the cgroup says of its limits, or undefined when it is gone. */
function limitsOf(host: Host, cgroup: Pick<Cgroup, 'saved'>) {
  try {
    const { memory, pids } = readStatistics(host.native, cgroup.saved);
    return {
      kills: oomKills(host.native, cgroup.saved),
      refusedForks: forksRefused(host.native, cgroup.saved),
      memory: memory?.usage,
      pids,
    };
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/**
 * The failure of a process that was set up in `cgroup`, in the words of the limit that is to blame. A process that is
 * killed for want of memory cannot say so itself: all that is seen of it is that it ended.
 * @param killsBefore processes that the kernel had killed there before; 0 for a new cgroup
 */
export function explainLimits(
  host: Host,
  cgroup: Pick<Cgroup, 'saved'>,
  error: unknown,
  killsBefore = 0,
): unknown {
  if (!(error instanceof Failure)) return error;
  const found = limitsOf(host, cgroup);
  if (found === undefined) return error;
  const { kills, refusedForks, memory, pids } = found;
  const refused = error.errno === 'ENOMEM' && (memory?.failures ?? 0) > 0;
  if (memory?.limit !== undefined && (kills > killsBefore || refused)) {
    const how =
      kills > killsBefore ? 'the kernel killed the process while it was being set up' : error.message;
    return new Failure('system', `memory limit ${sizeText(memory.limit)} is too low to start: ${how}`, {
      pointer: '/linux/resources/memory/limit',
      cause: error.cause,
      cleanup: error.cleanup,
      hint: 'Raise linux.resources.memory.limit',
    });
  }
  if (error.errno === 'EAGAIN' && pids?.limit !== undefined && refusedForks > 0) {
    return new Failure('system', `process limit ${pids.limit} is too low to start: ${messageOf(error)}`, {
      pointer: '/linux/resources/pids/limit',
      errno: 'EAGAIN',
      cause: error.cause,
      cleanup: error.cleanup,
      hint: 'Raise linux.resources.pids.limit',
    });
  }
  return error;
}

/**
 * A sentence about the processes that the kernel killed in a cgroup for want of memory; undefined when there were
 * none.
 */
export function outOfMemory(host: Host, cgroup: SavedCgroup): string | undefined {
  const found = limitsOf(host, { saved: cgroup });
  if (found === undefined || found.kills === 0) return undefined;
  const limit = found.memory?.limit;
  const why =
    limit === undefined ? 'memory was short' : `they needed more than the memory limit, ${sizeText(limit)}`;
  return `the kernel killed ${found.kills} of its processes: ${why}`;
}
