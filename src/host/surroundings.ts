/** The caller's environment. */
export interface Surroundings {
  readonly [name: string]: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
  readonly USER?: string | undefined;
  readonly DBUS_SYSTEM_BUS_ADDRESS?: string | undefined;
  readonly DBUS_SESSION_BUS_ADDRESS?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
  readonly NOTIFY_SOCKET?: string | undefined;
}
