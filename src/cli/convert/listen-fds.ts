import { Failure } from '../../failure.ts';

/** Variables by which a service manager hands over listening sockets (sd_listen_fds(3)). */
export interface ListenVariables {
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
}

/**
 * How many listening sockets were handed to this process, from descriptor 3 on. Those meant for another process, which did not
 * take the variables out of the environment, are not ours.
 *
 * Throws `Failure` (`invalid`) for a count that is none.
 */
export function listenFds(environment: ListenVariables, pid: number): number {
  const { LISTEN_FDS: count, LISTEN_PID: meant } = environment;
  if (!count || (meant && meant !== String(pid))) return 0;
  if (!/^\d{1,4}$/.test(count))
    throw new Failure('invalid', `LISTEN_FDS="${count}" in the environment is not a number of descriptors`);
  return Number(count);
}
