import { Failure, messageOf } from '../../failure.ts';
import type { BusValue } from '../../foreign/sd-bus.ts';
import type { Host } from '../../host/host.ts';
import type { UnitProperty } from './unit-properties.ts';

const destination = 'org.freedesktop.systemd1';
const path = '/org/freedesktop/systemd1';
const manager = 'org.freedesktop.systemd1.Manager';

/** Which systemd: the machine's, or the calling user's own. */
export type ManagerKind = 'system' | 'user';

/** Error names of org.freedesktop.systemd1(5). */
export const unitExists = 'org.freedesktop.systemd1.UnitExists';
export const noSuchUnit = 'org.freedesktop.systemd1.NoSuchUnit';

async function call(
  host: Host,
  kind: ManagerKind,
  member: string,
  signatures: readonly string[],
  values: readonly BusValue[],
): Promise<void> {
  const { openBus } = await import('../../foreign/sd-bus.ts');
  const bus = await openBus(host, kind);
  try {
    await bus.call({ destination, path, interface: manager, member, signatures, values });
  } finally {
    bus.close();
  }
}

/** The name of the error that systemd answered with; undefined for anything else. */
export function busNameOf(error: unknown): string | undefined {
  const { busName } = error as { readonly busName?: unknown };
  return typeof busName === 'string' ? busName : undefined;
}

/** A failed call in the words of what was tried. */
export function refused(action: string, unit: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const denied = /AccessDenied|InteractiveAuthorizationRequired/.test(busNameOf(error) ?? '');
  return new Failure('system', `systemd cannot ${action} unit "${unit}": ${messageOf(error)}`, {
    pointer: '/linux/cgroupsPath',
    cause: error,
    ...(denied && { hint: 'Run as root, or let an ordinary user have their own systemd (a login session).' }),
  });
}

/** Starts a transient unit, with all its properties in one call. Comes back before the unit is up. */
export function startTransientUnit(
  host: Host,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return call(
    host,
    kind,
    'StartTransientUnit',
    ['s', 's', 'a(sv)', 'a(sa(sv))'],
    [unit, 'fail', properties, []],
  );
}

/** Changes properties until the unit ends, in one call. */
export function setUnitProperties(
  host: Host,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return call(host, kind, 'SetUnitProperties', ['s', 'b', 'a(sv)'], [unit, true, properties]);
}

/**
 * Moves processes into a unit that is delegated to its owner.
 * @param below where in its cgroup: empty, or `/init`
 */
export function attachProcesses(
  host: Host,
  kind: ManagerKind,
  unit: string,
  below: string,
  pids: readonly number[],
): Promise<void> {
  return call(host, kind, 'AttachProcessesToUnit', ['s', 's', 'au'], [unit, below, pids]);
}

/** Ends a unit; comes back before it is gone. One that is not there is fine. */
export async function stopUnit(host: Host, kind: ManagerKind, unit: string): Promise<void> {
  try {
    await call(host, kind, 'StopUnit', ['s', 's'], [unit, 'replace']);
  } catch (error) {
    if (busNameOf(error) !== noSuchUnit) throw error;
  }
}
