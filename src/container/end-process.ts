import type { CgroupInUse } from '../cgroup/cgroup.ts';
import { Failure } from '../failure.ts';
import { hasErrno } from '../host/native.ts';
import { openProcess, type ProcessIdentity } from './process-identity.ts';
import type { Context } from './types.ts';

const SIGKILL = 9;
/** How long a killed process may take to disappear, in milliseconds; it may have much memory to give back. */
const patience = 10_000;

/**
 * Kills a container's process where it lives, and waits until it has ended.
 *
 * Throws `Failure` (`system`) when it does not end.
 *
 * @param about the container's id, and its cgroup, whose freezer lets the process die
 */
export async function endProcess(
  { host: { native, wait } }: Context,
  process: ProcessIdentity,
  about: { readonly of: string; readonly cgroup: CgroupInUse | undefined },
): Promise<void> {
  const pidfd = openProcess(native, process);
  if (pidfd === undefined) return;
  try {
    native.pidfdSend(pidfd, SIGKILL);
    about.cgroup?.letKilledGo();
    if ((await wait.readable([pidfd], patience)).length > 0) return;
    const freezer = about.cgroup?.holdingFreezer();
    throw new Failure(
      'system',
      `the process of container "${about.of}" (pid ${process.pid}) did not end within ${patience / 1000} s`,
      {
        hint:
          freezer === undefined
            ? 'it hangs in the kernel, usually on a filesystem or device that does not answer'
            : `the freezer "${freezer}" holds it: write THAWED to its freezer.state`,
      },
    );
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error;
  } finally {
    native.close(pidfd);
  }
}
