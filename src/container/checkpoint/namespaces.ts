import { Failure } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import type { Config } from '../../spec/config.ts';
import { joinedNamespace } from '../../spec/namespaces.ts';

/**
 * Namespaces that CRIU leaves out of the images and gets again by descriptor, with the name under which they are
 * known there.
 */
const external = [
  { type: 'network', file: 'net', kind: 'net', name: 'extRootNetNS' },
  { type: 'pid', file: 'pid', kind: 'pid', name: 'extRootPidNS' },
] as const;

/** Namespaces that CRIU joins by path (criu(8), --join-ns), under the names that config.json has for them. */
const joined = ['ipc', 'uts', 'time', 'user'] as const;

/** For CRIU's `external`: the namespaces of others that the container is in. */
export function externalNamespaces(native: Native, config: Config, pid: number): string[] {
  const list: string[] = [];
  for (const { type, file, kind, name } of external) {
    if (joinedNamespace(config.linux, type) === undefined) continue;
    const inode = native.status(`/proc/${pid}/ns/${file}`, true)?.ino;
    if (inode !== undefined) list.push(`${kind}[${inode}]:${name}`);
  }
  return list;
}

/**
 * The namespaces of others that a restored container enters: those to open and inherit, and those that CRIU joins
 * itself.
 */
export function namespacesToJoin(config: Config): {
  readonly inherited: readonly { readonly key: string; readonly path: string }[];
  readonly joined: readonly { readonly ns: string; readonly ns_file: string }[];
} {
  const inherited = external.flatMap(({ type, name }) => {
    const path = joinedNamespace(config.linux, type);
    return path === undefined ? [] : [{ key: name, path }];
  });
  const others = joined.flatMap((type) => {
    const path = joinedNamespace(config.linux, type);
    return path === undefined ? [] : [{ ns: type, ns_file: path }];
  });
  if (joinedNamespace(config.linux, 'mount') !== undefined)
    throw new Failure('unsupported', 'a container cannot be restored into a mount namespace of others');
  return { inherited, joined: others };
}
