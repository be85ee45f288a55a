import type { Cgroup } from '../../cgroup/cgroup.ts';
import { cgroupView } from '../../cgroup/cgroup-view.ts';
import type { CgroupLayout } from '../../cgroup/layout/cgroup-layout.ts';
import { ask } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import type { ResctrlGroup } from '../../resctrl/group.ts';
import type { Config } from '../../spec/config.ts';
import { hasNamespace } from '../../spec/namespaces.ts';

/** Where a container without a cgroup namespace sees its own cgroups. */
export function cgroupPlaces(
  { mounts, linux }: Config,
  layout: CgroupLayout,
  cgroup: Cgroup,
): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const mount = mounts?.find(({ type }) => type === 'cgroup');
  if (mount === undefined || hasNamespace(linux, 'cgroup')) return places;
  const { mode, hierarchies, unified, delegated = unified } = cgroupView(layout, cgroup);
  for (const { name, directory } of hierarchies) places.set(`${mount.destination}/${name}`, directory);
  if (delegated !== undefined)
    places.set(mode === 'v2' ? mount.destination : `${mount.destination}/unified`, delegated);
  return places;
}

/** CRIU itself goes into the cgroup, and what it restores stays where it is. */
export function enterCgroup(native: Native, cgroup: Cgroup, pid: number): void {
  for (const path of cgroup.joinPaths()) ask('move CRIU by', path, () => native.writeFile(path, String(pid)));
  const unified = cgroup.unifiedDirectory();
  if (unified !== undefined)
    ask('move CRIU to', unified, () => native.writeFile(`${unified}/cgroup.procs`, String(pid)));
}

/** Puts all threads of processes, which are stopped, into a resctrl group: it knows nothing of processes. */
export function enterResctrl(native: Native, { joinPaths }: ResctrlGroup, pids: readonly number[]): void {
  for (const pid of new Set(pids))
    for (const thread of native.readDirectory(`/proc/${pid}/task`))
      for (const path of joinPaths)
        ask('move a restored thread by', path, () => native.writeFile(path, thread));
}
