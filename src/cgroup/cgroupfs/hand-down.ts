import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import type { CgroupStep, CgroupWrite } from '../limits/step.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import { enableControllers, namesIn, readControllers } from './enable-controllers.ts';

const MAXIMUM = 4096;
const THREAD_LIST = 16 * 1024 * 1024;

/** Controllers that work in threaded cgroups too (cgroup-v2.rst, "Threads"); all others need a domain. */
const THREADED: ReadonlySet<string> = new Set(['cpu', 'cpuset', 'perf_event', 'pids']);

/**
 * Has the container's directory in the unified hierarchy get the controllers that its limits need: on pure v2 all
 * that there are, for later updates; on hybrid, where that hierarchy holds few limits, only those.
 *
 * Below a cgroup that holds processes itself, or is threaded, only threaded controllers can be had, and the kernel
 * takes nobody into a cgroup there that is not threaded as well: so it becomes that.
 * @throws Failure `unsupported`, before anything is changed, for a limit that needs a domain there
 */
export function handDown(native: Native, cgroup: SavedCgroup, steps: readonly CgroupStep[]): void {
  const { mode, unified, delegated } = cgroup;
  if (unified === undefined) return;
  const needed = new Set<string>();
  for (const step of steps) {
    if (step.kind !== 'write' || step.hierarchy !== 'v2' || step.controller === 'cgroup') continue;
    if (needed.has(step.controller)) continue;
    const obstacle = THREADED.has(step.controller) ? undefined : obstacleTo(native, cgroup, step);
    if (obstacle !== undefined) throw obstacle;
    needed.add(step.controller);
  }
  const wanted = mode === 'v2' ? readControllers(native, unified.mount) : [...needed];
  if (wanted.length === 0) return;
  enableControllers(native, unified.mount, unified.path, wanted);
  makeThreaded(native, unified);
  if (delegated !== undefined) makeThreaded(native, { ...unified, path: delegated });
}

/** Why a limit of the unified hierarchy cannot be had, when that is because of the cgroups above. */
export function obstacleTo(
  native: Native,
  { unified }: SavedCgroup,
  write: CgroupWrite,
): Failure | undefined {
  const { controller, hierarchy, pointer } = write;
  if (unified === undefined || hierarchy !== 'v2' || controller === 'cgroup') return undefined;
  for (const directory of above(unified)) {
    if (namesIn(native, `${directory}/cgroup.subtree_control`).includes(controller)) continue;
    const why = whyNoDomain(native, directory, controller);
    if (why === undefined && readControllers(native, directory).includes(controller)) continue;
    if (why === undefined) return undefined;
    return new Failure('unsupported', `cannot apply ${pointer}: the parent cgroup "${directory}" ${why}`, {
      pointer,
      hint: 'Move its processes into a sub-cgroup of their own, choose another cgroupsPath, or remove the limit.',
    });
  }
  return undefined;
}

/** cgroup-v2.rst, "No Internal Process Constraint" and "Threads". The root, which has no type, is exempt. */
function whyNoDomain(native: Native, directory: string, controller: string): string | undefined {
  const type = typeOf(native, directory);
  if (type === undefined) return undefined;
  if (type === 'threaded' || type === 'domain invalid')
    return `is ${type === 'threaded' ? 'threaded' : 'below a threaded one'}, and the "${controller}" controller works for whole domains only`;
  // Its processes would be listed with those of threaded cgroups below, which have their own turn.
  if (native.readText(`${directory}/cgroup.threads`, THREAD_LIST).trim() === '') return undefined;
  return `holds processes, and one that does cannot hand down the "${controller}" controller`;
}

function makeThreaded(native: Native, unified: Unified): void {
  for (const directory of [...above(unified), unified.path]) {
    if (typeOf(native, directory) !== 'domain invalid') continue;
    native.writeFile(`${directory}/cgroup.type`, 'threaded');
  }
}

type Unified = NonNullable<SavedCgroup['unified']>;

/** The directories above the container's, from the mount down. */
function above({ mount, path }: Unified): string[] {
  const directories = [mount];
  for (let end = path.indexOf('/', mount.length + 1); end >= 0; end = path.indexOf('/', end + 1))
    directories.push(path.slice(0, end));
  return directories;
}

function typeOf(native: Native, directory: string): string | undefined {
  try {
    return native.readText(`${directory}/cgroup.type`, MAXIMUM).trim();
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
