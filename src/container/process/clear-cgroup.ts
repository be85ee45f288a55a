import { parseJson } from '../../bundle/json/parse-json.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import type { SavedCgroup } from '../../cgroup/saved-cgroup.ts';
import { Failure } from '../../failure.ts';
import { isSystemError } from '../../host/native.ts';
import { SIGKILL } from '../../host/signals.ts';
import { waitUntil } from '../../host/wait.ts';
import type { Config } from '../../spec/config.ts';
import { joinedNamespace } from '../../spec/namespaces.ts';
import { UnusableRecord } from '../record/check-record.ts';
import type { ContainerRecord } from '../record/record.ts';
import type { Store } from '../record/store.ts';
import type { Context } from '../types.ts';

/** How long processes that are on their way out are waited for, in milliseconds. */
const patience = 500;

/**
 * Removes the cgroup of a container whose init has ended. What is left in it may be another's: an empty cgroup is
 * free to be shared.
 *
 * - A container with a pid namespace of its own had its last process with its init; whoever is there is not of it,
 * and lives on.
 * - Without one, or with an init that nobody knows, its processes are killed, unless another container has the same
 * cgroup, or one above or below.
 *
 * A cgroup in which others live stays, with a warning.
 */
export async function clearCgroup(
  context: Context,
  store: Store,
  record: Pick<Partial<ContainerRecord>, 'init' | 'namespaces'> & { readonly id: string },
  cgroup: Cgroup,
): Promise<void> {
  if (cgroup.processes().length > 0) {
    const sharers = sharersOf(store, record.id, cgroup.saved);
    const outlived = record.init === undefined || !ownsPids(store, record);
    if (outlived && sharers.length === 0) await cgroup.killAll(SIGKILL);
    else if (!(await waitUntil(context.host.wait, patience, () => cgroup.processes().length === 0))) {
      const with_ = sharers.length === 0 ? '' : `, which container "${sharers.join('", "')}" has as well`;
      context.warn(
        `cgroup "${directoriesOf(cgroup.saved).at(-1)}"${with_}, stays: processes ${cgroup.processes().join(', ')} in it are not of container "${record.id}"`,
      );
      return;
    }
  }
  await cgroup.delete();
}

/** Other containers of this root that have this cgroup, or one above or below it. */
export function sharersOf(store: Store, id: string, cgroup: SavedCgroup): string[] {
  const own = directoriesOf(cgroup);
  const shares = (other: string): boolean => {
    if (other === id) return false;
    const saved = cgroupOf(store, other);
    return (
      saved !== undefined && directoriesOf(saved).some((path) => own.some((each) => overlap(path, each)))
    );
  };
  return store.listing((ids) => ids.filter(shares));
}

function cgroupOf(store: Store, id: string): SavedCgroup | undefined {
  try {
    return store.tryRead(id)?.cgroup;
  } catch (error) {
    if (error instanceof UnusableRecord) return error.known.cgroup;
    throw error;
  }
}

/** Its directories in all hierarchies. */
export function directoriesOf({ hierarchies, unified }: SavedCgroup): string[] {
  const paths = hierarchies.map(({ path }) => path);
  return unified === undefined ? paths : [...paths, unified.path];
}

function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** It has a pid namespace that was made for it: one that it joined outlives it, with what it started there. */
function ownsPids(
  store: Store,
  { id, namespaces = [] }: { readonly id: string; readonly namespaces?: readonly string[] },
): boolean {
  if (!namespaces.includes('pid')) return false;
  try {
    const config = parseJson(store.readConfig(id), store.configPath(id)) as Partial<Config>;
    return joinedNamespace(config.linux, 'pid') === undefined;
  } catch (error) {
    // Rather a process too many than one of somebody else's too few.
    if (error instanceof Failure || isSystemError(error)) return true;
    throw error;
  }
}
