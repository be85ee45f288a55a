import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { filesystemTypes } from '../../spec/kernel-flags.ts';

/** A process, told apart from a later one with the same pid by its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks after boot (proc_pid_stat(5), field 22). */
  readonly startTime: string;
}

interface ProcessStat {
  readonly state: string;
  readonly startTime: string;
}

/** What /proc/PID/stat says. Undefined when there is no such process. */
function readStat(native: Native, pid: number): ProcessStat | undefined {
  try {
    const stat = native.processStat(pid);
    return { state: stat.slice(0, 1), startTime: stat.slice(2) };
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ESRCH', 'EPERM', 'EACCES')) return undefined;
    throw error;
  }
}

/** Who has this pid now; undefined when nobody, or somebody who is hidden from us. */
export function identify(native: Native, pid: number): ProcessIdentity | undefined {
  const stat = readStat(native, pid);
  return stat && { pid, startTime: stat.startTime };
}

/**
 * The very same process still runs. A zombie has ended, whoever has yet to reap it.
 *
 * Throws `Failure` (`unsupported`) without procfs.
 */
export function isAlive(native: Native, process: ProcessIdentity): boolean {
  const stat = readStat(native, process.pid);
  if (stat === undefined) return isHidden(native, process.pid);
  return stat.startTime === process.startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/**
 * A process that we may not see is not dead: a procfs with hidepid (proc(5)) hides from an ordinary user a process
 * that waits for `start`, as it cannot be dumped. Whoever made a container may signal its processes, so one that we
 * may not signal is another's, with a number that was free again.
 */
function isHidden(native: Native, pid: number): boolean {
  try {
    native.kill(pid, 0);
  } catch (error) {
    if (hasErrno(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
  requireProcfs(native);
  return true;
}

/**
 * Throws `Failure` (`unsupported`) where /proc is no procfs: nobody could tell a process from a later one with its
 * number.
 */
export function requireProcfs(native: Native): void {
  const mounted =
    native.status('/proc/', true) !== undefined && native.fileSystemType('/proc/') === filesystemTypes.proc;
  if (mounted) return;
  throw new Failure(
    'unsupported',
    'no procfs is mounted at /proc, and without one no process can be identified',
    {
      hint: 'Mount one: mount -t proc proc /proc',
    },
  );
}

/** Reaps a process that has ended, when it is our own child: of a container that this process created. */
export function reapEnded(native: Native, process: ProcessIdentity): void {
  const stat = readStat(native, process.pid);
  // One that we may not see (hidepid, proc(5)) is asked for all the same: whose child it is, and that it has ended,
  // the kernel looks at itself.
  if (stat !== undefined && (stat.startTime !== process.startTime || stat.state !== 'Z')) return;
  try {
    native.wait(process.pid, true);
  } catch (error) {
    if (!hasErrno(error, 'ECHILD')) throw error;
  }
}

/**
 * A descriptor that means this very process for as long as it is open, or undefined when it has ended. The start time
 * is compared after the descriptor was opened, so that a pid taken by somebody else in between is found out.
 */
export function openProcess(native: Native, process: ProcessIdentity): number | undefined {
  let pidfd: number;
  try {
    pidfd = native.pidfdOpen(process.pid);
  } catch (error) {
    // the number may be a thread's by now: EINVAL, since Linux 6.15 ENOENT
    if (hasErrno(error, 'ESRCH', 'EINVAL', 'ENOENT')) return undefined;
    throw error;
  }
  let alive = false;
  try {
    alive = isAlive(native, process);
    return alive ? pidfd : undefined;
  } finally {
    if (!alive) native.close(pidfd);
  }
}
