import { Failure, messageOf } from '../../failure.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';
import type { CgroupHost } from '../cgroup-host.ts';

const MAXIMUM = 4 * 1024 * 1024;
const members = 'cgroup.procs';
const threads = 'cgroup.threads';

/**
 * Makes a cgroup directory, parents too.
 * @param made receives every directory that was made, parents first
 * @returns false when it was there already
 */
export function makeTree(native: Native, path: string, made: string[]): boolean {
  try {
    native.makeDirectory(path, 0o755);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    if (!hasErrno(error, 'ENOENT')) throw error;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent === '') throw error;
    makeTree(native, parent, made);
    // Somebody else may have made it, or removed the parent again, in between: the first is fine, the second is
    // reported.
    try {
      native.makeDirectory(path, 0o755);
    } catch (again) {
      if (hasErrno(again, 'EEXIST')) return false;
      throw again;
    }
  }
  made.push(path);
  return true;
}

/**
 * The pids of a cgroup and everything below it, which the container may have named and nested as it liked. A process
 * of another pid namespace has no number here and is left out.
 */
export function processesOf(native: Native, path: string, found: Set<number> = new Set()): Set<number> {
  let files: ReturnType<Native['readTree']>;
  try {
    files = native.readTree(path, [members, threads], MAXIMUM);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return found;
    throw error;
  }
  for (const { name, text } of files) addProcesses(native, name, text, found);
  return found;
}

/** The pids of one cgroup alone. */
export function membersOf(native: Native, path: string): number[] {
  const found = new Set<number>();
  for (const name of [members, threads]) {
    try {
      addProcesses(native, name, native.readText(`${path}/${name}`, MAXIMUM), found);
      break;
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) throw error;
    }
  }
  return [...found];
}

/**
 * A threaded cgroup tells its threads only (cgroup-v2.rst, "Threads"), and they the processes that they belong to.
 */
function addProcesses(native: Native, file: string, text: string, found: Set<number>): void {
  for (const line of text.split('\n')) {
    const number = Number(line);
    if (!(number > 0)) continue;
    const pid = file === threads ? processOfThread(native, number) : number;
    if (pid !== undefined) found.add(pid);
  }
}

function processOfThread(native: Native, thread: number): number | undefined {
  try {
    const match = /^Tgid:\s*(\d+)$/m.exec(native.readText(`/proc/${thread}/status`, MAXIMUM));
    return Number(match?.[1]);
  } catch (error) {
    // it has ended since
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

/** How long delete waits for processes that are exiting, in milliseconds. */
const PATIENCE = 5000;

/**
 * Removes a cgroup and everything below it, deepest first. A cgroup with processes cannot be removed (EBUSY): they
 * may be on their way out, so it is tried again, with growing pauses, for some seconds.
 * @param holder names the freezer that keeps processes from ending, if one does
 * @throws Failure `system` when it stays busy
 */
export async function removeTree(
  host: CgroupHost,
  path: string,
  holder: () => string | undefined = () => undefined,
): Promise<void> {
  const { native } = host;
  let waited = 0;
  for (let step = 0.25; ; step = Math.min(step * 2, 100)) {
    const error = tryRemove(native, path);
    if (error === undefined) return;
    if (!hasErrno(error, 'EBUSY', 'ENOTEMPTY')) throw removalFailure(path, error);
    if (waited >= PATIENCE) throw busy(native, path, holder(), error);
    await host.wait.pause(step);
    waited += step;
  }
}

/** One attempt at the whole subtree. The error of the first directory that did not go. */
function tryRemove(native: Native, path: string): unknown {
  try {
    native.removeTree(path);
    return undefined;
  } catch (error) {
    return hasErrno(error, 'ENOENT') ? undefined : error;
  }
}

function busy(native: Native, path: string, freezer: string | undefined, cause: unknown): Failure {
  const pids = [...processesOf(native, path)];
  const who =
    pids.length === 0 ? 'the kernel still holds it' : `processes ${pids.join(', ')} are still in it`;
  return new Failure('system', `cannot remove cgroup "${path}": ${who}`, {
    errno: 'EBUSY',
    cause,
    hint:
      freezer === undefined
        ? 'End them (kill --all ID KILL), then delete again.'
        : `The freezer "${freezer}" holds them: write THAWED to its freezer.state, then delete again.`,
  });
}

function removalFailure(path: string, cause: unknown): Failure {
  const errno = isSystemError(cause) ? cause.code : undefined;
  return new Failure('system', `cannot remove cgroup "${path}": ${messageOf(cause)}`, { errno, cause });
}
