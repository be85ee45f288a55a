import { Failure } from '../../failure.ts';
import type { IdMapping, Mount } from '../../spec/config.ts';
import { resolveIdmap } from '../../spec/idmap-option.ts';
import type { ParsedMountOptions } from '../../spec/mount-options.ts';
import { createsNamespace, joinedNamespace } from '../../spec/namespaces.ts';
import type { Compilation, PlannedMount } from '../compilation.ts';
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
    hint: 'A filesystem made for this container belongs to its user namespace already',
  });
}

/** Lines of /proc/PID/uid_map (user_namespaces(7)). */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/**
 * Stage 0: mapping takes privileges over the filesystem, which only the host has (mount_setattr(2),
 * MOUNT_ATTR_IDMAP).
 */
export function mapTree(
  compilation: Compilation,
  { mount, options, from }: PlannedMount,
  tree: number,
): void {
  const { facts, plan } = compilation;
  if (facts.rootless) {
    throw new Failure('unsupported', 'an ordinary user cannot map the ids of a mount', { pointer: from });
  }
  const namespace = namespaceFor(compilation, mount, options, from);
  plan.add('prepare', from, 'map-tree', { tree, namespace, recursive: options.idmap === 'ridmap' });
}

/** The mapping of `idmap=`, in the host's ids. */
function ownMapping({ linux }: Compilation, mount: Mount, { mapping }: ParsedMountOptions, from: string) {
  if (mapping === undefined) return mount;
  const resolved = resolveIdmap(mapping, linux);
  if (typeof resolved === 'string')
    throw new Failure('invalid', `the idmap option ${resolved}`, { pointer: `${from}/options` });
  return resolved;
}

/** The mount's own mappings, else those of the container's user namespace (config.md, Linux mount options). */
function namespaceFor(
  compilation: Compilation,
  mount: Mount,
  options: ParsedMountOptions,
  from: string,
): number {
  const { linux, plan } = compilation;
  const given = ownMapping(compilation, mount, options, from);
  const own = given.uidMappings !== undefined || given.gidMappings !== undefined;
  const slot = plan.slot();
  const joined = joinedNamespace(linux, 'user');
  if (!own && joined !== undefined) {
    plan.add('prepare', from, 'open-namespace', { slot, path: joined });
    return slot;
  }
  const source = own ? given : createsNamespace(linux, 'user') ? linux : {};
  const uidMap = idMapText(source.uidMappings ?? []);
  const gidMap = idMapText(source.gidMappings ?? []);
  if (uidMap === '' || gidMap === '') {
    throw new Failure(
      'invalid',
      "an idmapped mount needs uidMappings and gidMappings, its own or a user namespace's",
      {
        pointer: from,
        hint: 'Give the mount both, or put the container into a user namespace',
      },
    );
  }
  const proc = openProc(plan, 'prepare', from, 'processes');
  plan.add('prepare', from, 'make-user-namespace', { slot, proc, uidMap, gidMap });
  return slot;
}
