import { parseJson } from '../../bundle/json/parse-json.ts';
import { validate } from '../../bundle/schema/validate.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { detectCgroups } from '../../cgroup/layout/detect-cgroups.ts';
import { newCgroup } from '../../cgroup/new-cgroup.ts';
import { openCgroup } from '../../cgroup/open-cgroup.ts';
import type { SavedCgroup } from '../../cgroup/saved-cgroup.ts';
import { Failure, messageOf } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';
import { waitUntil } from '../../host/wait.ts';
import { removeResctrl } from '../../resctrl/group.ts';
import type { Config } from '../../spec/config.ts';
import { runPoststopHooks } from '../hooks/hooks.ts';
import { clearCgroup, directoriesOf } from '../process/clear-cgroup.ts';
import { removeIfThere } from '../process/pid-file.ts';
import type { Context } from '../types.ts';
import type { UnusableRecord } from './check-record.ts';
import type { ContainerRecord } from './record.ts';
import { stateDocument } from './state-document.ts';
import type { Store } from './store.ts';

/** How long processes that were let go are waited for, in milliseconds. */
const patience = 500;

/** The form that systemd's cgroups are named in: slice:prefix:name. */
const systemdForm = /^[^/:]*:[^/:]*:[^/:]+$/;

/**
 * `delete --force` of a container whose record cannot be worked with, by its lock's holder. Whatever of the record is
 * sound by itself counts; where the cgroup is not known, the container's copy of its config and its id say where it
 * would be. What is not found, or cannot be told from others', stays, and a warning says what that is.
 */
export async function removeDamaged(
  context: Context,
  store: Store,
  id: string,
  damage: UnusableRecord,
): Promise<void> {
  const { native } = context.host;
  const { known } = damage;
  const left: string[] = [];
  context.warn(damage.message);
  // The init itself is dead by now, if it is known.
  await letWaitingGo(context.host, store, id);
  const config = await readConfig(store, id);
  if (known.cgroup !== undefined)
    await clearCgroup(context, store, { ...known, id }, openCgroup(context.host, known.cgroup));
  else left.push(...(await clearImplied(context, store, { ...known, id }, config)));
  if (known.resctrl !== undefined) {
    removeResctrl(native, known.resctrl);
  } else if (config?.linux?.intelRdt !== undefined) left.push('its groups in resctrl');
  if (known.temporary !== undefined) removeIfThere(native, known.temporary);
  if (!store.remove(id)) return;
  const hooks = known.poststop ?? config?.hooks?.poststop ?? [];
  if (hooks.length > 0) {
    await runPoststopHooks(
      context,
      hooks,
      stateDocument(stateRecord(id, known, config), 'stopped', 0),
      context.warn,
    );
  }
  if (known.poststop === undefined && config === undefined)
    left.push('its poststop hooks, if it had any, not run');
  if (left.length > 0) context.warn(`what stays of container "${id}": ${left.join('; ')}`);
}

/** The part of a record that hooks are told. */
function stateRecord(
  id: string,
  { ociVersion, bundle, annotations }: Partial<ContainerRecord>,
  config: Config | undefined,
): Parameters<typeof stateDocument>[0] {
  const notes = annotations ?? config?.annotations;
  return {
    id,
    ociVersion: ociVersion ?? config?.ociVersion ?? '',
    bundle: bundle ?? '',
    ...(notes && { annotations: notes }),
  };
}

async function readConfig(store: Store, id: string): Promise<Config | undefined> {
  try {
    const path = store.configPath(id);
    return validate('Config', parseJson(store.readConfig(id), path), path);
  } catch (error) {
    if (error instanceof Failure || isSystemError(error)) return undefined;
    throw error;
  }
}

/** A process that waits for `start` ends when it is called and then told nothing. */
async function letWaitingGo({ native, wait }: Host, store: Store, id: string): Promise<void> {
  if (!store.hasStartSocket(id)) return;
  try {
    native.close(await wait.connect(store.startSocketPath(id), 'seqpacket'));
  } catch (error) {
    if (!hasErrno(error, 'ECONNREFUSED', 'ENOENT')) throw error;
  }
}

/**
 * Clears the cgroup that a container of this id and config would have got from us, here and now. Gives what stays.
 */
async function clearImplied(
  context: Context,
  store: Store,
  known: Partial<ContainerRecord> & Pick<ContainerRecord, 'id'>,
  config: Config | undefined,
): Promise<string[]> {
  const { id } = known;
  const { host } = context;
  const cgroupsPath = config?.linux?.cgroupsPath;
  let cgroup: Cgroup;
  try {
    const manager = systemdForm.test(cgroupsPath ?? '') ? 'systemd' : context.cgroupManager;
    const { rootless } = context;
    cgroup = newCgroup(host, detectCgroups(host.native), { id, cgroupsPath, manager, rootless });
  } catch (error) {
    return [`its cgroup and the processes in it, for nobody knows where it is: ${messageOf(error)}`];
  }
  const paths = directoriesOf(cgroup.saved).filter(
    (path) => ask('look for the cgroup', path, () => host.native.status(path, false)) !== undefined,
  );
  if (paths.length === 0) {
    const places = directoriesOf(cgroup.saved).at(-1);
    if (known.init !== undefined) return [`its cgroup, if it has another than "${places}", where none is`];
    return [
      `its processes and its cgroup, if there are any: no pid is known, and there is no cgroup "${places}"`,
    ];
  }
  const present = openCgroup(host, onlyAt(cgroup.saved, paths));
  await waitUntil(host.wait, patience, () => present.processes().length === 0);
  // Others may have a cgroup of this name: a process in our own mount namespace is none of a container that could be
  // told from them.
  const strangers = present.processes().filter((pid) => sharesMounts(host.native, pid));
  if (strangers.length > 0) {
    return [
      `cgroup "${paths.at(-1)}", which may be another's: processes ${strangers.join(', ')} in it are in no container`,
    ];
  }
  await clearCgroup(context, store, known, present);
  return [];
}

function onlyAt(saved: SavedCgroup, paths: readonly string[]): SavedCgroup {
  const { hierarchies, unified } = saved;
  return {
    ...saved,
    hierarchies: hierarchies.filter(({ path }) => paths.includes(path)),
    unified: unified !== undefined && paths.includes(unified.path) ? unified : undefined,
  };
}

function sharesMounts(native: Native, pid: number): boolean {
  try {
    return native.readLink(`/proc/${pid}/ns/mnt`) === native.readLink('/proc/self/ns/mnt');
  } catch (error) {
    // ended meanwhile
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return false;
    throw error;
  }
}
