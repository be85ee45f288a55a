import type { Config } from '../../bundle/config.ts';
import { Failure } from '../../failure.ts';
import type { Native } from '../../host/native.ts';

/** Namespaces that CRIU leaves out of the images and gets again by descriptor, with the name under which they are known there. */
const external = {
  network: { file: 'net', kind: 'net', name: 'extRootNetNS' },
  pid: { file: 'pid', kind: 'pid', name: 'extRootPidNS' },
} as const;

/** Namespaces that CRIU joins by path (criu(8), --join-ns), by their names in config.json. */
const joined = { ipc: 'ipc', uts: 'uts', time: 'time', user: 'user' } as const;

function pathOf({ linux }: Config, type: string): string | undefined {
  const path = linux?.namespaces?.find((each) => each.type === type)?.path;
  return path === '' ? undefined : path;
}

/** For CRIU's `external`: the namespaces of others that the container is in. */
export function externalNamespaces(native: Native, config: Config, pid: number): string[] {
  const list: string[] = [];
  for (const [type, { file, kind, name }] of Object.entries(external)) {
    if (pathOf(config, type) === undefined) continue;
    const inode = native.status(`/proc/${pid}/ns/${file}`, true)?.ino;
    if (inode !== undefined) list.push(`${kind}[${inode}]:${name}`);
  }
  return list;
}

/** The namespaces of others that a restored container enters: those to open and inherit, and those that CRIU joins itself. */
export function namespacesToJoin(config: Config): {
  readonly inherited: readonly { readonly key: string; readonly path: string }[];
  readonly joined: readonly { readonly ns: string; readonly ns_file: string }[];
} {
  const inherited = Object.entries(external).flatMap(([type, { name }]) => {
    const path = pathOf(config, type);
    return path === undefined ? [] : [{ key: name, path }];
  });
  const others = Object.entries(joined).flatMap(([type, ns]) => {
    const path = pathOf(config, type);
    return path === undefined ? [] : [{ ns, ns_file: path }];
  });
  if (pathOf(config, 'mount') !== undefined)
    throw new Failure('unsupported', 'a container cannot be restored into a mount namespace of others');
  return { inherited, joined: others };
}
