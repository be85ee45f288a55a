import type { IdMapping, Mount } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { type Compilation, createsNamespace } from './compilation.ts';
import type { ParsedMountOptions } from './mount-options.ts';
import { openProc } from './procfs.ts';

/** The mount's ids are to be mapped: by `idmap` or `ridmap`, or because it brings its own mappings. */
export function isIdmapped(mount: Mount, options: ParsedMountOptions): boolean {
  return (
    options.idmap !== 'no' || (mount.uidMappings?.length ?? 0) > 0 || (mount.gidMappings?.length ?? 0) > 0
  );
}

/** The failure of an idmapped mount that is no bind mount. */
export function onlyBinds(pointer: string): Failure {
  return new Failure('unsupported', 'only bind mounts can have their ids mapped', {
    pointer,
    hint: 'a filesystem made for this container belongs to its user namespace already',
  });
}

/** Lines of /proc/PID/uid_map (user_namespaces(7)). */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Stage 0: mapping takes privileges over the filesystem, which only the host has (mount_setattr(2), MOUNT_ATTR_IDMAP). */
export function mapTree(
  compilation: Compilation,
  mount: Mount,
  options: ParsedMountOptions,
  from: string,
  tree: number,
): void {
  const { facts, plan } = compilation;
  if (facts.rootless) {
    throw new Failure('unsupported', 'an ordinary user can not map the ids of a mount', { pointer: from });
  }
  const namespace = namespaceFor(compilation, mount, from);
  plan.add('prepare', from, 'map-tree', { tree, namespace, recursive: options.idmap === 'ridmap' ? 1 : 0 });
}

/** The mount's own mappings, else those of the container's user namespace (config.md, Linux mount options). */
function namespaceFor(compilation: Compilation, mount: Mount, from: string): number {
  const { linux, plan } = compilation;
  const own = mount.uidMappings !== undefined || mount.gidMappings !== undefined;
  const slot = plan.slot();
  const joined = linux.namespaces?.find((entry) => entry.type === 'user' && entry.path);
  if (!own && joined?.path) {
    plan.add('prepare', from, 'open-namespace', { slot, path: joined.path });
    return slot;
  }
  const source = own ? mount : createsNamespace(linux, 'user') ? linux : {};
  const uidMap = idMapText(source.uidMappings ?? []);
  const gidMap = idMapText(source.gidMappings ?? []);
  if (uidMap === '' || gidMap === '') {
    throw new Failure(
      'invalid',
      "an idmapped mount needs uidMappings and gidMappings, its own or a user namespace's",
      {
        pointer: from,
        hint: 'give the mount both, or put the container into a user namespace',
      },
    );
  }
  const proc = openProc(plan, 'prepare', from, 'processes');
  plan.add('prepare', from, 'make-user-namespace', { slot, proc, uidMap, gidMap });
  return slot;
}
