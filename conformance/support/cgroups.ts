/** Cgroups of the host, as the kernel lists them for a process. */
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const mountPoint = '/sys/fs/cgroup';
/** How far below it a runtime may put a container. */
const deepest = 5;

export interface Hierarchy {
  /** Controllers of v1, `name=systemd` for a named one; an empty word for cgroup v2. */
  readonly controllers: readonly string[];
  /** Directory of the hierarchy's root as far as this mount shows it. */
  readonly mount: string;
  /** Path of `mount` within the hierarchy. */
  readonly root: string;
}

/**
 * The cgroup filesystems of a /proc/PID/mountinfo, at or below /sys/fs/cgroup: a directory there that nothing is
 * mounted on is none.
 */
export function hierarchiesIn(mountinfo: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mount = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if (mount !== mountPoint && !mount.startsWith(`${mountPoint}/`)) continue;
    if (type === 'cgroup2') found.push({ controllers: [''], mount, root });
    else if (type === 'cgroup') found.push({ controllers: options.split(','), mount, root });
  }
  return found;
}

export const hierarchies = (): Hierarchy[] => hierarchiesIn(readFileSync('/proc/self/mountinfo', 'utf8'));

/** Whether cgroup v2 is all that there is. */
export const isUnified = (): boolean => hierarchies().some(({ mount }) => mount === mountPoint);

/**
 * Where the hierarchy with a v1 controller is mounted, or with an empty word the one of v2; undefined where there is
 * none.
 */
export function hierarchyOf(controller: string): string | undefined {
  return hierarchies().find(({ controllers }) => controllers.includes(controller))?.mount;
}

/** Directory of a process's cgroup with this controller; undefined when the machine has no such hierarchy. */
export function cgroupOf(pid: number, controller: string): string | undefined {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  const wanted = isUnified() ? '' : controller;
  const path = lines
    .map((line) => line.split(':'))
    .find(([, names = '']) => names.split(',').includes(wanted))
    ?.slice(2)
    .join(':');
  const hierarchy = hierarchies().find(({ controllers }) => controllers.includes(wanted));
  if (path === undefined || hierarchy === undefined) return undefined;
  return join(hierarchy.mount, path);
}

/** The directory that a path below the cgroup mount point means in this controller's hierarchy. */
export function cgroupAt(controller: string, path: string): string {
  const wanted = isUnified() ? '' : controller;
  const hierarchy = hierarchies().find(({ controllers }) => controllers.includes(wanted));
  if (hierarchy === undefined) throw new Error(`no ${controller} hierarchy`);
  return join(hierarchy.mount, path);
}

export function readControl(directory: string, file: string): string {
  return readFileSync(join(directory, file), 'utf8').trim();
}

/** All cgroups that are named after one of these ids: the id alone, or as systemd's units are called. */
export function cgroupsNamed(ids: Iterable<string>): string[] {
  const patterns = [...ids].map((id) => new RegExp(`(?:^|-)${id}(?:\\.scope)?$`));
  const found: string[] = [];
  const visit = (directory: string, depth: number): void => {
    for (const name of subdirectories(directory)) {
      const path = join(directory, name);
      if (depth > 0) visit(path, depth - 1);
      if (patterns.some((pattern) => pattern.test(name))) found.push(path);
    }
  };
  if (patterns.length > 0) for (const { mount } of hierarchies()) visit(mount, deepest);
  return found;
}

function subdirectories(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    // Somebody else's cgroup went away under our eyes.
    return [];
  }
}

/** Removes what a runtime left; true when nothing of it is there any more. */
export function removeCgroups(ids: Iterable<string>): boolean {
  for (const path of cgroupsNamed(ids)) {
    try {
      rmdirSync(path);
    } catch {
      // Busy: its processes are on their way out.
    }
  }
  return cgroupsNamed(ids).length === 0;
}
