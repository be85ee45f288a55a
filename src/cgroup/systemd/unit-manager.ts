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

/** What is asked of the manager. */
interface Asked {
  readonly member: string;
  readonly signature: string;
  readonly values: readonly BusValue[];
}

async function call(host: CgroupHost, kind: ManagerKind, asked: Asked): Promise<void> {
  const bus = await openBus(host, kind);
  try {
    await bus.call({ destination, path, interface: manager, ...asked });
  } finally {
    bus.close();
  }
}

/** A call that makes a job of systemd's, and the end of that job. Throws also when the job does not succeed. */
async function runJob(host: CgroupHost, kind: ManagerKind, asked: Asked): Promise<void> {
  const bus = await openBus(host, kind);
  try {
    // Before the job is made, which may be over when its answer comes.
    await bus.match(jobRemoved);
    const [job] = await bus.call({ destination, path, interface: manager, ...asked });
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
    hint: denied
      ? 'Run as root, or let an ordinary user have their own systemd (a login session).'
      : undefined,
  });
}

/** Starts a transient unit, with all its properties in one call. Comes back when the unit is up. */
export function startTransientUnit(
  host: CgroupHost,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return runJob(host, kind, {
    member: 'StartTransientUnit',
    signature: 'ssa(sv)a(sa(sv))',
    values: [unit, 'fail', properties, []],
  });
}

/** Changes properties until the unit ends, in one call. */
export function setUnitProperties(
  host: CgroupHost,
  kind: ManagerKind,
  unit: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  return call(host, kind, {
    member: 'SetUnitProperties',
    signature: 'sba(sv)',
    values: [unit, true, properties],
  });
}

/**
 * Moves processes into a unit that is delegated to its owner.
 * @param place the unit, and where in its cgroup: empty, or `/init`
 */
export function attachProcesses(
  host: CgroupHost,
  kind: ManagerKind,
  place: { readonly unit: string; readonly below: string },
  pids: readonly number[],
): Promise<void> {
  const { unit, below } = place;
  return call(host, kind, {
    member: 'AttachProcessesToUnit',
    signature: 'ssau',
    values: [unit, below, pids],
  });
}

/** Ends a unit. One that is not there is fine. */
export async function stopUnit(host: CgroupHost, kind: ManagerKind, unit: string): Promise<void> {
  try {
    await runJob(host, kind, { member: 'StopUnit', signature: 'ss', values: [unit, 'replace'] });
  } catch (error) {
    if (busNameOf(error) !== noSuchUnit) throw error;
  }
}
