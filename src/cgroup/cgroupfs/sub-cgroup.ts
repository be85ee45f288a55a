import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import type { CgroupEntry } from '../cgroup.ts';
import { cleanPath } from '../layout/cgroup-path.ts';
import { parseProcCgroup } from '../layout/detect-cgroups.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';

/** The directories of one cgroup, as a process enters them. */
export class Directories implements CgroupEntry {
  readonly #v1: readonly string[];
  readonly #unified: string | undefined;

  constructor(v1: readonly string[], unified: string | undefined) {
    this.#v1 = v1;
    this.#unified = unified;
  }

  joinPaths(): string[] {
    return this.#v1.map((directory) => `${directory}/tasks`);
  }

  unifiedDirectory(): string | undefined {
    return this.#unified;
  }
}

/** `exec --cgroup`; see `Cgroup.sub`. */
export function subCgroup(
  native: Native,
  cgroup: SavedCgroup,
  paths: Readonly<Record<string, string>>,
): CgroupEntry {
  const chosen = cgroup.hierarchies.map(({ path }) => path);
  let unified = cgroup.unified?.path;
  for (const [controller, given] of Object.entries(paths)) {
    const path = cleanPath(given);
    if (path === undefined)
      throw new Failure('invalid', `cgroup "${given}" must not contain ".." or a NUL byte`, {
        hint: "Give a path below the container's own cgroup.",
      });
    const below = (directory: string) => (path === '' ? directory : `${directory}/${path}`);
    const wanted = (controllers: readonly string[]) => controller === '' || controllers.includes(controller);
    cgroup.hierarchies.forEach((hierarchy, index) => {
      if (wanted(hierarchy.controllers)) chosen[index] = existing(native, below(hierarchy.path));
    });
    if (controller !== '' && !cgroup.hierarchies.some(({ controllers }) => wanted(controllers)))
      throw new Failure('invalid', `the container has no cgroup v1 controller "${controller}"`, {
        hint: 'On cgroup v2 give the path alone, without controllers.',
      });
    if (controller !== '' || cgroup.unified === undefined) continue;
    const directory = below(cgroup.unified.path);
    // hybrid's unified hierarchy holds no limits: a sub-cgroup need not be repeated in it
    if (cgroup.mode === 'v2') unified = existing(native, directory);
    else if (native.status(directory, false) !== undefined) unified = directory;
  }
  return new Directories(chosen, unified);
}

function existing(native: Native, directory: string): string {
  if (native.status(directory, false) !== undefined) return directory;
  throw new Failure('not-found', `cgroup "${directory}" does not exist`, {
    hint: 'A sub-cgroup has to be made by the container first.',
  });
}

/** Where a process is now, if that is below the container's cgroup; see `Cgroup.placeOf`. */
export function placeOf(native: Native, cgroup: SavedCgroup, pid: number): CgroupEntry {
  const lines = parseProcCgroup(cgroupOf(native, pid));
  const find = (controllers: readonly string[], base: string): string => {
    const own = lines.find((line) => line.controllers.join(',') === controllers.join(','))?.path;
    return own === undefined ? base : within(native, base, own);
  };
  const unified = cgroup.unified && find([], cgroup.unified.path);
  return new Directories(
    cgroup.hierarchies.map(({ controllers, path }) => find(controllers, path)),
    // The container's own takes nobody in once its controllers are those of what is delegated.
    unified === cgroup.unified?.path ? (cgroup.delegated ?? unified) : unified,
  );
}

/** Not when it is gone, and not when the container nested it deeper than a path can say. */
function canBeEntered(native: Native, directory: string): boolean {
  try {
    return native.status(directory, false) !== undefined;
  } catch (error) {
    if (hasErrno(error, 'ENAMETOOLONG')) return false;
    throw error;
  }
}

/** Empty where the container went deeper than the kernel can say. */
function cgroupOf(native: Native, pid: number): string {
  try {
    return native.readText(`/proc/${pid}/cgroup`, 65536);
  } catch (error) {
    if (hasErrno(error, 'ENAMETOOLONG')) return '';
    throw error;
  }
}

/**
 * The kernel shows a process's cgroup from our namespace's root, the base is a path through a mount: what both have
 * in common is the end of the base at the start of the other.
 */
function within(native: Native, base: string, own: string): string {
  const name = base.slice(base.lastIndexOf('/'));
  for (let at = own.lastIndexOf(name); at >= 0; at = at === 0 ? -1 : own.lastIndexOf(name, at - 1)) {
    const head = own.slice(0, at + name.length);
    const rest = own.slice(at + name.length);
    if ((rest === '' || rest.startsWith('/')) && base.endsWith(head)) {
      const directory = `${base}${rest}`;
      return canBeEntered(native, directory) ? directory : base;
    }
  }
  return base;
}
