import { Failure } from '../../failure.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';
import { SIGKILL } from '../../host/signals.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { type Freezer, freeze, isFrozen, letKilledGo, thawIfThere } from './freezer.ts';

/** Rounds over a cgroup that cannot be frozen: each must have found a new process for the next to be needed. */
const ROUNDS = 100;

/** What killing needs to know of a cgroup. */
export interface KillTarget {
  readonly unified: string | undefined;
  readonly freezer: Freezer | undefined;
  processes(): number[];
}

/** Signals everything in a cgroup; see `Cgroup.killAll`. */
export async function killAll(
  host: CgroupHost,
  target: KillTarget,
  signal: number,
): Promise<number | undefined> {
  const { native } = host;
  if (signal === SIGKILL && killAtOnce(native, target.unified)) {
    // v1: processes that are only in the other hierarchies (nobody should be)
    for (const pid of target.processes()) send(native, pid, signal);
    if (target.freezer !== undefined) letKilledGo(native, target.freezer);
    return undefined;
  }
  const { freezer } = target;
  if (freezer === undefined) return killByRounds(host, target, signal);
  const wasFrozen = isFrozen(native, freezer);
  if (!wasFrozen && !(await tryFreeze(host, freezer))) return killByRounds(host, target, signal);
  let count = 0;
  try {
    for (const pid of target.processes()) if (send(native, pid, signal)) count++;
  } finally {
    if (signal === SIGKILL && freezer.kind === 'v1') letKilledGo(native, freezer);
    else if (!wasFrozen || signal === SIGKILL) await thawIfThere(host, freezer);
  }
  return count;
}

/** cgroup.kill (cgroup-v2.rst): the kernel kills the subtree, forks included, at once. False when it is not there. */
function killAtOnce(native: Native, unified: string | undefined): boolean {
  if (unified === undefined) return false;
  try {
    native.writeFile(`${unified}/cgroup.kill`, '1');
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) return false;
    throw error;
  }
}

/** False when the cgroup is gone, or does not freeze: signalling goes on without it then. */
async function tryFreeze(host: CgroupHost, freezer: Freezer): Promise<boolean> {
  try {
    await freeze(host, freezer);
    return true;
  } catch (error) {
    if (error instanceof Failure || isSystemError(error)) return false;
    throw error;
  }
}

/** Without a freezer: signal everybody, look again, until nobody new is there. */
async function killByRounds(host: CgroupHost, target: KillTarget, signal: number): Promise<number> {
  const reached = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const fresh = target.processes().filter((pid) => !reached.has(pid));
    if (fresh.length === 0) break;
    for (const pid of fresh) {
      reached.add(pid);
      send(host.native, pid, signal);
    }
    await host.wait.pause(1);
  }
  return reached.size;
}

/** False when the process is gone already. */
function send(native: Native, pid: number, signal: number): boolean {
  try {
    native.kill(pid, signal);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ESRCH')) return false;
    throw error;
  }
}
