import type { Cgroup } from '../../cgroup/cgroup.ts';
import type { Config, Mount } from '../../spec/config.ts';
import { hostIdOf } from '../../spec/id-mappings.ts';
import { isReadonly, parseMountOptions } from '../../spec/mount-options.ts';
import { createsNamespace, hasNamespace } from '../../spec/namespaces.ts';
import type { Context } from '../types.ts';

/** The mount that lets a container manage its own cgroup. */
function isWritableCgroup({ destination, source, options }: Mount): boolean {
  return source === 'cgroup' && destination === '/sys/fs/cgroup' && !isReadonly(parseMountOptions(options));
}

/**
 * The user of the host to whom the container's cgroup belongs from now on, undefined to leave it as it is
 * (config-linux.md, Cgroup ownership): with a new cgroup namespace and a writable mount of the cgroup, whoever the
 * process is on the host.
 */
export function cgroupOwner({ linux, mounts = [], process }: Config): number | undefined {
  if (!mounts.some(isWritableCgroup)) return undefined;
  if (!createsNamespace(linux, 'cgroup')) return undefined;
  const uid = process?.user?.uid ?? 0;
  if (!hasNamespace(linux, 'user')) return uid;
  // Of a joined namespace the map is not known; uidMappings beside it only describe it.
  if (!createsNamespace(linux, 'user')) return undefined;
  return hostIdOf(uid, linux?.uidMappings);
}

/** Root of a new user namespace, as a user of the host; undefined for the host's own root. */
function rootOf({ linux }: Config): number | undefined {
  if (!createsNamespace(linux, 'user')) return undefined;
  return hostIdOf(0, linux?.uidMappings);
}

/**
 * Hands the cgroup to the container's user where the config asks for that, and what is delegated by an annotation to
 * the container's root at least; an ordinary user's is its own already.
 */
export function giveCgroup(context: Context, cgroup: Cgroup, config: Config): void {
  if (context.rootless) return;
  const owner = cgroupOwner(config) ?? (cgroup.saved.delegated === undefined ? undefined : rootOf(config));
  if (owner !== undefined) cgroup.giveTo(owner);
}

/** The container's processes are where they are to be: what is delegated is theirs now, with its controllers. */
export function delegateCgroup(context: Context, cgroup: Cgroup, config: Config): void {
  if (cgroup.saved.delegated === undefined) return;
  cgroup.handOver();
  // Files of those controllers have come.
  giveCgroup(context, cgroup, config);
}
