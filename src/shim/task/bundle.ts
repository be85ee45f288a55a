import type { Native } from '../../host/native.ts';
import { scopeParts } from '../../spec/cgroups-path.ts';
import type { Config, IdMapping, Linux } from '../../spec/config.ts';
import { hostIdOf } from '../../spec/id-mappings.ts';

const longest = 16 << 20;

/**
 * What the shim itself wants to know of a config.json; whether it is right is looked at when the container is made.
 */
export function peekConfig(native: Pick<Native, 'readText'>, bundle: string): Partial<Config> {
  try {
    const value: unknown = JSON.parse(native.readText(`${bundle}/config.json`, longest));
    return typeof value === 'object' && value !== null ? (value as Partial<Config>) : {};
  } catch {
    // Whoever makes the container says what is wrong, with the place.
    return {};
  }
}

/** Its path of a cgroup is written as for one that systemd is to make. */
export function wantsSystemd({ linux }: Partial<Config>): boolean {
  const path = linux?.cgroupsPath;
  return typeof path === 'string' && !path.startsWith('/') && scopeParts(path) !== undefined;
}

/** Whose pod a container belongs to, by the first of these annotations. */
const groupAnnotations = [
  'io.containerd.runc.v2.group',
  'io.kubernetes.cri.sandbox-id',
  'io.kubernetes.cri-o.SandboxID',
] as const;

/** Undefined for a container of its own. */
export function groupOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  for (const name of groupAnnotations) {
    const group = annotations?.[name];
    if (typeof group === 'string' && group !== '') return group;
  }
  return undefined;
}

/** Of config.json's `linux`. */
export type IdMappings = Pick<Linux, 'uidMappings' | 'gidMappings'>;

function onHost(id: number, mappings: readonly IdMapping[] = []): number {
  // Nobody of the container has one that is not mapped; root of the host is the owner that hands out nothing.
  return mappings.length === 0 ? id : (hostIdOf(id, mappings) ?? 0);
}

/** Whose the pipes of a container's process are, as the host numbers them: so that it can open /dev/stdout again. */
export function ownerOf(
  user: { readonly uid?: number; readonly gid?: number } | undefined,
  linux: IdMappings | undefined,
): { readonly uid: number; readonly gid: number } {
  return {
    uid: onHost(user?.uid ?? 0, linux?.uidMappings),
    gid: onHost(user?.gid ?? 0, linux?.gidMappings),
  };
}
