import { Failure, messageOf } from '../failure.ts';
import { hasErrno, isSystemError, type Native } from '../host/native.ts';
import type { CgroupHost } from './cgroup-host.ts';

const MAXIMUM = 4 * 1024 * 1024;

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
    // Somebody else may have made it, or removed the parent again, in between: the first is fine, the second is reported.
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

/** Directories right below; none when it is gone. */
export function subDirectories(native: Native, path: string): string[] {
  let names: string[];
  try {
    names = native.readSubdirectories(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return [];
    throw error;
  }
  const children: string[] = [];
  for (const name of names) children.push(`${path}/${name}`);
  return children;
}

/** The pids of a cgroup and everything below it. A process of another pid namespace has no number here and is left out. */
export function processesOf(native: Native, path: string, found: Set<number> = new Set()): Set<number> {
  for (const pid of membersOf(native, path)) found.add(pid);
  for (const child of subDirectories(native, path)) processesOf(native, child, found);
  return found;
}

/** The pids of one cgroup alone. */
export function membersOf(native: Native, path: string): number[] {
  let text: string;
  try {
    text = native.readText(`${path}/cgroup.procs`, MAXIMUM);
  } catch (error) {
    // gone, or a threaded cgroup, whose processes are listed by its domain
    if (hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) return [];
    throw error;
  }
  const pids: number[] = [];
  for (const line of text.split('\n')) {
    const pid = Number(line);
    if (pid > 0) pids.push(pid);
  }
  return pids;
}

/** How long delete waits for processes that are exiting, in milliseconds. */
const PATIENCE = 5000;

/**
 * Removes a cgroup and everything below it, deepest first. A cgroup with processes can't be removed (EBUSY): they may be
 * on their way out, so it is tried again, with growing pauses, for some seconds.
 * @throws Failure `system` when it stays busy
 */
export async function removeTree(host: CgroupHost, path: string): Promise<void> {
  const { native } = host;
  let waited = 0;
  for (let step = 0.25; ; step = Math.min(step * 2, 100)) {
    const error = tryRemove(native, path);
    if (error === undefined) return;
    if (!hasErrno(error, 'EBUSY', 'ENOTEMPTY')) throw removalFailure(path, error);
    if (waited >= PATIENCE) throw busy(native, path, error);
    await host.wait.pause(step);
    waited += step;
  }
}

/** One attempt at the whole subtree. The error of the directory that did not go. */
function tryRemove(native: Native, path: string): unknown {
  const remove = (): unknown => {
    try {
      native.removeDirectory(path);
      return undefined;
    } catch (error) {
      return hasErrno(error, 'ENOENT') ? undefined : error;
    }
  };
  const error = remove();
  if (error === undefined || !hasErrno(error, 'EBUSY', 'ENOTEMPTY')) return error;
  const children = subDirectories(native, path);
  if (children.length === 0) return error;
  for (const child of children) {
    const left = tryRemove(native, child);
    if (left !== undefined) return left;
  }
  return remove();
}

function busy(native: Native, path: string, cause: unknown): Failure {
  const pids = [...processesOf(native, path)];
  const who =
    pids.length === 0 ? 'the kernel still holds it' : `processes ${pids.join(', ')} are still in it`;
  return new Failure('system', `cannot remove cgroup "${path}": ${who}`, {
    errno: 'EBUSY',
    cause,
    hint: 'End them (kill --all ID KILL), then delete again.',
  });
}

function removalFailure(path: string, cause: unknown): Failure {
  const errno = isSystemError(cause) ? { errno: cause.code } : {};
  return new Failure('system', `cannot remove cgroup "${path}": ${messageOf(cause)}`, { ...errno, cause });
}
