import type { Config, Mount } from '../bundle/config.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { Context } from './types.ts';

/** The mount that lets a container manage its own cgroup. */
function isWritableCgroup({ destination, source, options }: Mount): boolean {
  return source === 'cgroup' && destination === '/sys/fs/cgroup' && !(options?.includes('ro') ?? false);
}

/** Loops and no array functions: every create comes through here, and a process uses each for the first time. */
function hasWritableCgroup(mounts: readonly Mount[]): boolean {
  for (const mount of mounts) if (isWritableCgroup(mount)) return true;
  return false;
}

/**
 * The user of the host to whom the container's cgroup belongs from now on, undefined to leave it as it is (config-linux.md,
 * Cgroup ownership): with a new cgroup namespace and a writable mount of the cgroup, whoever the process is on the host.
 */
export function cgroupOwner({ linux, mounts = [], process }: Config): number | undefined {
  if (!hasWritableCgroup(mounts)) return undefined;
  const namespaceOf = (type: string) => linux?.namespaces?.find((entry) => entry.type === type);
  const cgroup = namespaceOf('cgroup');
  if (cgroup === undefined || cgroup.path) return undefined;
  const uid = process?.user?.uid ?? 0;
  const user = namespaceOf('user');
  if (user === undefined) return uid;
  // Of a joined namespace the map is not known; uidMappings beside it only describe it.
  if (user.path) return undefined;
  const line = linux?.uidMappings?.find(
    ({ containerID, size }) => uid >= containerID && uid < containerID + size,
  );
  return line && line.hostID + uid - line.containerID;
}

/** Hands the cgroup to the container's user where the config asks for that; an ordinary user's is its own already. */
export function giveCgroup(context: Context, cgroup: Cgroup, config: Config): void {
  if (context.rootless) return;
  const owner = cgroupOwner(config);
  if (owner !== undefined) cgroup.giveTo(owner);
}
