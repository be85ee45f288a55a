import { Failure, messageOf } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { type BusKind, busSockets } from './address.ts';
import { Connection } from './connection.ts';

/** Milliseconds that a call may take, as with others. */
const patience = 25_000;

/**
 * Connects to the system's bus, or to the calling user's.
 *
 * Throws `Failure`: `unsupported` without such a bus.
 */
export async function openBus(
  host: Pick<Host, 'native' | 'wait' | 'surroundings'>,
  which: BusKind,
): Promise<Connection> {
  let cause: unknown;
  for (const path of busSockets(which, host.surroundings)) {
    try {
      return await Connection.open(host, path, patience);
    } catch (error) {
      cause ??= error;
    }
  }
  const why = cause === undefined ? 'nothing says where it is' : messageOf(cause);
  throw new Failure('unsupported', `cannot connect to the ${which} bus: ${why}`, {
    cause,
    hint:
      which === 'system'
        ? 'Without systemd and D-Bus, which have to run for it, leave out --systemd-cgroup.'
        : "The user's systemd and D-Bus have to run, and XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS to name them.",
  });
}
