import { Failure } from '../../failure.ts';

/** Variables by which a service manager hands over listening sockets (sd_listen_fds(3)). */
export interface ListenVariables {
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
}

/**
 * How many listening sockets were handed to this process, from descriptor 3 on. The variables count only when
 * LISTEN_PID is this process, as sd_listen_fds(3) has it: they are inherited by whoever does not take them out of the
 * environment, and what descriptor 3 is there nobody knows. Without LISTEN_PID they count for nothing, as with runc
 * (tried with 1.1.5: nothing is handed on, nothing is said).
 *
 * Throws `Failure` (`invalid`) for a count that is none.
 */
export function listenFds(environment: ListenVariables, pid: number): number {
  const { LISTEN_FDS: count, LISTEN_PID: meant } = environment;
  if (!count || meant !== String(pid)) return 0;
  if (!/^\d{1,4}$/.test(count))
    throw new Failure('invalid', `LISTEN_FDS="${count}" in the environment is not a number of descriptors`);
  return Number(count);
}
