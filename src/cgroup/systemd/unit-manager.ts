import { BusError } from '../../dbus/connection.ts';
import { openBus } from '../../dbus/open-bus.ts';
import type { BusValue } from '../../dbus/value.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import type { UnitProperty } from './unit-properties.ts';

const destination = 'org.freedesktop.systemd1';
const path = '/org/freedesktop/systemd1';
const manager = 'org.freedesktop.systemd1.Manager';
/** The one signal that we wait for: `(u number, o job, s unit, s result)`. */
const jobRemoved = `type='signal',sender='${destination}',path='${path}',interface='${manager}',member='JobRemoved'`;
/** Milliseconds that systemd may take for a job; its own patience with a scope is shorter. */
const jobPatience = 100_000;

/** Which systemd: the machine's, or the calling user's own. */
export type ManagerKind = 'system' | 'user';

/** Error names of org.freedesktop.systemd1(5). */
export const unitExists = 'org.freedesktop.systemd1.UnitExists';
export const noSuchUnit = 'org.freedesktop.systemd1.NoSuchUnit';

async function call(
  host: CgroupHost,
  kind: ManagerKind,
  member: string,
  signature: string,
  values: readonly BusValue[],
): Promise<void> {
  const bus = await openBus(host, kind);
  try {
    await bus.call({ destination, path, interface: manager, member, signature, values });
  } finally {
    bus.close();
  }
}

/** A call that makes a job of systemd's, and the end of that job. Throws also when the job does not succeed. */
async function runJob(
  host: CgroupHost,
  kind: ManagerKind,
  member: string,
  signature: string,
  values: readonly BusValue[],
): Promise<void> {
  const bus = await openBus(host, kind);
  try {
    // Before the job is made, which may be over when its answer comes.
    await bus.match(jobRemoved);
    const [job] = await bus.call({ destination, path, interface: manager, member, signature, values });
    const [, , , result] = await bus.signal(
      ({ interface: from, member: name }, body) =>
        from === manager && name === 'JobRemoved' && body[1] === job,
      jobPatience,
    );
    if (result !== 'done') throw new BusError('', `the job ended as "${String(result)}"`);
  } finally {
    bus.close();
  }
}

/** The name of the error that systemd answered with; undefined for anything else. */
export function busNameOf(error: unknown): string | undefined {
  return error instanceof BusError ? error.busName : undefined;
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

/** Starts a transient unit, with all its properties in one call. Comes back when the unit is up. */
export function startTransientUnit(
  host: CgroupHost,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return runJob(host, kind, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', [unit, 'fail', properties, []]);
}

/** Changes properties until the unit ends, in one call. */
export function setUnitProperties(
  host: CgroupHost,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return call(host, kind, 'SetUnitProperties', 'sba(sv)', [unit, true, properties]);
}

/**
 * Moves processes into a unit that is delegated to its owner.
 * @param below where in its cgroup: empty, or `/init`
 */
export function attachProcesses(
  host: CgroupHost,
  kind: ManagerKind,
  unit: string,
  below: string,
  pids: readonly number[],
): Promise<void> {
  return call(host, kind, 'AttachProcessesToUnit', 'ssau', [unit, below, pids]);
}

/** Ends a unit. One that is not there is fine. */
export async function stopUnit(host: CgroupHost, kind: ManagerKind, unit: string): Promise<void> {
  try {
    await runJob(host, kind, 'StopUnit', 'ss', [unit, 'replace']);
  } catch (error) {
    if (busNameOf(error) !== noSuchUnit) throw error;
  }
}
