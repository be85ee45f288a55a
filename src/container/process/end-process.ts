import type { Cgroup } from '../../cgroup/cgroup.ts';
import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno } from '../../host/native.ts';
import { SIGKILL } from '../../host/signals.ts';
import { openProcess, type ProcessIdentity } from './process-identity.ts';

/** How long a killed process may take to disappear, in milliseconds; it may have much memory to give back. */
const patience = 10_000;

/**
 * Waits until a process has ended; false when it has not in time.
 *
 * @param first is done to the process where it still lives, such as to kill it; gets its pidfd
 */
export async function endsWithin(
  { native, wait }: Host,
  process: ProcessIdentity | undefined,
  milliseconds: number,
  first?: (pidfd: number) => void,
): Promise<boolean> {
  const pidfd = process && openProcess(native, process);
  if (pidfd === undefined) return true;
  try {
    first?.(pidfd);
    return (await wait.readable([pidfd], milliseconds)).length > 0;
  } catch (error) {
    if (hasErrno(error, 'ESRCH')) return true;
    throw error;
  } finally {
    native.close(pidfd);
  }
}

/**
 * Kills a container's process where it lives, and waits until it has ended.
 *
 * Throws `Failure` (`system`) when it does not end.
 *
 * @param about the container's id, and its cgroup, whose freezer lets the process die
 */
export async function endProcess(
  host: Host,
  process: ProcessIdentity,
  about: { readonly of: string; readonly cgroup: Cgroup | undefined },
): Promise<void> {
  const ended = await endsWithin(host, process, patience, (pidfd) => {
    host.native.pidfdSend(pidfd, SIGKILL);
    about.cgroup?.letKilledGo();
  });
  if (ended) return;
  const freezer = about.cgroup?.holdingFreezer();
  throw new Failure(
    'system',
    `the process of container "${about.of}" (pid ${process.pid}) did not end within ${patience / 1000} s`,
    {
      hint:
        freezer === undefined
          ? 'It hangs in the kernel, usually on a filesystem or device that does not answer'
          : `The freezer "${freezer}" holds it: write THAWED to its freezer.state`,
    },
  );
}
