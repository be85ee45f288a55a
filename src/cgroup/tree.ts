import { Failure, messageOf } from '../failure.ts';
import { hasErrno, isSystemError, type Native } from '../host/native.ts';
import type { CgroupHost } from './cgroup-host.ts';

const MAXIMUM = 4 * 1024 * 1024;
const members = 'cgroup.procs';

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

/**
 * The pids of a cgroup and everything below it, which the container may have named and nested as it liked. A process of another pid
 * namespace has no number here and is left out.
 */
export function processesOf(native: Native, path: string, found: Set<number> = new Set()): Set<number> {
  let files: ReturnType<Native['readTree']>;
  try {
    // a threaded cgroup can't be read: its processes are listed by its domain
    files = native.readTree(path, [members], MAXIMUM);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return found;
    throw error;
  }
  for (const { text } of files) for (const pid of numbersIn(text)) found.add(pid);
  return found;
}

/** The pids of one cgroup alone. */
export function membersOf(native: Native, path: string): number[] {
  let text: string;
  try {
    text = native.readText(`${path}/${members}`, MAXIMUM);
  } catch (error) {
    // gone, or a threaded cgroup, whose processes are listed by its domain
    if (hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) return [];
    throw error;
  }
  return numbersIn(text);
}

function numbersIn(text: string): number[] {
  const numbers: number[] = [];
  for (const line of text.split('\n')) {
    const number = Number(line);
    if (number > 0) numbers.push(number);
  }
  return numbers;
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

/** One attempt at the whole subtree. The error of the first directory that did not go. */
function tryRemove(native: Native, path: string): unknown {
  try {
    native.removeTree(path);
    return undefined;
  } catch (error) {
    return hasErrno(error, 'ENOENT') ? undefined : error;
  }
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
