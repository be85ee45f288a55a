import { hasErrno, type Native } from '../host/native.ts';

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

const stateField = 0;
const startTimeField = 19;

/** Reads /proc/PID/stat behind the command name, which may hold anything. Undefined when there is no such process. */
function readStat(native: Native, pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = native.readText(`/proc/${pid}/stat`, 4096);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[stateField] ?? '', startTime: fields[startTimeField] ?? '' };
}

/** Who has this pid now; undefined when nobody. */
export function identify(native: Native, pid: number): ProcessIdentity | undefined {
  const stat = readStat(native, pid);
  return stat && { pid, startTime: stat.startTime };
}

/** The very same process still runs. A zombie has ended, whoever has yet to reap it. */
export function isAlive(native: Native, process: ProcessIdentity): boolean {
  const stat = readStat(native, process.pid);
  return (
    stat !== undefined && stat.startTime === process.startTime && stat.state !== 'Z' && stat.state !== 'X'
  );
}

/** Reaps a process that has ended, when it is our own child: of a container that this process created. */
export function reapEnded(native: Native, process: ProcessIdentity): void {
  const stat = readStat(native, process.pid);
  if (stat?.startTime !== process.startTime || stat.state !== 'Z') return;
  try {
    native.wait(process.pid, true);
  } catch (error) {
    if (!hasErrno(error, 'ECHILD')) throw error;
  }
}

/**
 * A descriptor that means this very process for as long as it is open, or undefined when it has ended. The start time is
 * compared after the descriptor was opened, so that a pid taken by somebody else in between is found out.
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
  if (isAlive(native, process)) return pidfd;
  native.close(pidfd);
  return undefined;
}
