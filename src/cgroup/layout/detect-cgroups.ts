import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { filesystemTypes } from '../../spec/kernel-flags.ts';
import type { CgroupLayout, UnifiedHierarchy, V1Hierarchy } from './cgroup-layout.ts';

const ROOT = '/sys/fs/cgroup';
const MAXIMUM = 65536;

/**
 * How cgroups are mounted: from statfs of the usual places (file-hierarchy(7) of systemd) and /proc/self/cgroup. The
 * mount table is not read: on a machine with many mounts that alone takes longer than all the rest of a command.
 * @throws Failure `unsupported` when no cgroup filesystem is mounted at /sys/fs/cgroup
 */
export function detectCgroups(native: Native): CgroupLayout {
  const lines = ownCgroups(native);
  const type = typeOf(native, ROOT);
  if (type === filesystemTypes.cgroup2) {
    const unified = unifiedAt(native, ROOT, lines);
    return { mode: 'v2', hierarchies: [], unified };
  }
  const names = type === undefined ? [] : native.readDirectory(ROOT);
  const hierarchies: V1Hierarchy[] = [];
  for (const { controllers, path } of lines) {
    if (controllers.length === 0) continue;
    const mount = findMount(native, names, controllers);
    if (mount !== undefined) hierarchies.push({ controllers, mount, own: path });
  }
  const unifiedMount = `${ROOT}/unified`;
  const hybrid = names.includes('unified') && typeOf(native, unifiedMount) === filesystemTypes.cgroup2;
  const unified = hybrid ? unifiedAt(native, unifiedMount, lines) : undefined;
  if (hierarchies.length === 0 && unified === undefined)
    throw new Failure('unsupported', `no cgroup filesystem is mounted at ${ROOT}`, {
      hint: `Mount one: mount -t cgroup2 none ${ROOT}`,
    });
  return { mode: hybrid ? 'hybrid' : 'v1', hierarchies, unified };
}

/** The same where it does not matter whether there are any: without, a layout of nothing. */
export function detectCgroupsIfAny(native: Native): CgroupLayout {
  try {
    return detectCgroups(native);
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsupported')
      return { mode: 'v2', hierarchies: [], unified: undefined };
    throw error;
  }
}

interface OwnCgroup {
  /** Empty for the unified hierarchy. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** /proc/self/cgroup (cgroups(7)): `4:memory:/a`, `2:cpu,cpuacct:/`, `1:name=systemd:/`, `0::/`. */
function ownCgroups(native: Native): OwnCgroup[] {
  return parseProcCgroup(native.readText('/proc/self/cgroup', MAXIMUM));
}

/** Parses /proc/PID/cgroup; a path may hold colons, the fields before it cannot. */
export function parseProcCgroup(text: string): OwnCgroup[] {
  const result: OwnCgroup[] = [];
  for (const line of text.split('\n')) {
    const afterNumber = line.indexOf(':') + 1;
    const afterNames = line.indexOf(':', afterNumber) + 1;
    const path = line.slice(afterNames);
    if (afterNumber === 0 || afterNames === 0 || path[0] !== '/') continue;
    const names = line.slice(afterNumber, afterNames - 1);
    result.push({ controllers: names === '' ? [] : names.split(','), path });
  }
  return result;
}

/**
 * `cpu,cpuacct` is mounted under that name, or the other way round, or under one controller's name that links to it.
 */
function findMount(
  native: Native,
  names: readonly string[],
  controllers: readonly string[],
): string | undefined {
  const candidates = [
    controllers.join(','),
    controllers.toReversed().join(','),
    ...controllers.map((controller) => controller.replace(/^name=/, '')),
  ];
  return candidates
    .filter((candidate) => names.includes(candidate))
    .map((candidate) => `${ROOT}/${candidate}`)
    .find((mount) => typeOf(native, mount) === filesystemTypes.cgroup);
}

function unifiedAt(native: Native, mount: string, lines: readonly OwnCgroup[]): UnifiedHierarchy {
  const own = lines.findLast((line) => line.controllers.length === 0)?.path ?? '/';
  const controllers = native.readText(`${mount}/cgroup.controllers`, MAXIMUM).trim();
  return { controllers: controllers === '' ? [] : controllers.split(' '), mount, own };
}

function typeOf(native: Native, path: string): number | undefined {
  try {
    return native.fileSystemType(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}
