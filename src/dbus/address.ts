import type { Surroundings } from '../host/surroundings.ts';

export type BusKind = 'system' | 'user';

const systemSocket = '/run/dbus/system_bus_socket';

/**
 * Paths of sockets where the bus may be, the first that works counts: what the environment says
 * (sd_bus_open_system(3), sd_bus_open_user(3)), or where buses usually are. Other transports than sockets in the file
 * system are left out: systemd has none.
 */
export function busSockets(which: BusKind, surroundings: Surroundings): string[] {
  const {
    DBUS_SYSTEM_BUS_ADDRESS: system,
    DBUS_SESSION_BUS_ADDRESS: session,
    XDG_RUNTIME_DIR: runtime,
  } = surroundings;
  if (which === 'system') return system ? socketsOf(system) : [systemSocket];
  if (session) return socketsOf(session);
  return runtime?.startsWith('/') ? [`${runtime}/bus`] : [];
}

/** `unix:path=/run/user/1000/bus,guid=…;tcp:…` → the paths (dbus-specification, "Server Addresses"). */
function socketsOf(addresses: string): string[] {
  return addresses.split(';').flatMap((address) => {
    const [transport, ...rest] = address.split(':');
    if (transport !== 'unix') return [];
    const pairs = rest.join(':').split(',');
    const path = pairs.find((pair) => pair.startsWith('path='))?.slice('path='.length);
    const unescaped = path === undefined ? undefined : decodePath(path);
    return unescaped?.startsWith('/') ? [unescaped] : [];
  });
}

/** Bytes are written `%2f`. */
function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
