import type { FileKind } from '../host/file-types.ts';
import type { Config, Mount, NamespaceType } from '../spec/config.ts';
import { isBind, isReadonly, type ParsedMountOptions, parseMountOptions } from '../spec/mount-options.ts';
import { createsNamespace, hasNamespace } from '../spec/namespaces.ts';
import { normalizePath, resolvePath } from '../spec/path.ts';

/** A file of the host, links followed. */
export interface HostFile {
  /** Absolute and without links. */
  readonly path: string;
  readonly kind: FileKind;
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** What there is at a path of the host; undefined where nothing is, or nothing may be seen. */
export type Look = (path: string) => HostFile | undefined;

/** A bind mount: what of the host it shows. */
export interface Bind {
  readonly pointer: string;
  readonly destination: string;
  /** Where the source really is; as it is written where there is nothing to be seen. */
  readonly source: string;
  readonly file: HostFile | undefined;
  readonly readonly: boolean;
}

export interface ParsedMount {
  readonly pointer: string;
  readonly mount: Mount;
  readonly destination: string;
  readonly options: ParsedMountOptions;
  /** It shows a file or directory of the host: as the planner takes it. */
  readonly bind: boolean;
  readonly readonly: boolean;
}

/** A bundle as the rules see it: the config, and what follows from it for its process. */
export interface Subject {
  readonly config: Config;
  readonly look: Look;
  readonly mounts: readonly ParsedMount[];
  readonly binds: readonly Bind[];
  /** Capabilities that the process has, or that a program with file capabilities or set-user-ID gives it. */
  readonly capabilities: ReadonlySet<string>;
  /** They count in the host's own user namespace. */
  readonly inHostUsers: boolean;
  /** User 0 of the container, or whom the process runs as, is user 0 of the host. */
  readonly rootIsHostRoot: boolean;
  /** The container has a namespace of its own of this type, or one that is named by a path. */
  shares(type: NamespaceType): 'host' | 'joined' | 'own';
}

/** Looks at a bundle once, for all rules. `directory` is the bundle's. */
export function subjectOf(config: Config, directory: string, look: Look): Subject {
  const mounts = (config.mounts ?? []).map(parsedMount);
  const shares = (type: NamespaceType): 'host' | 'joined' | 'own' => {
    if (!hasNamespace(config.linux, type)) return 'host';
    return createsNamespace(config.linux, type) ? 'own' : 'joined';
  };
  return {
    config,
    look,
    mounts,
    binds: mounts.filter(({ bind }) => bind).map((mount) => bindOf(mount, directory, look)),
    capabilities: reachable(config),
    inHostUsers: shares('user') === 'host',
    rootIsHostRoot: shares('user') === 'host' || mapsHostRoot(config),
    shares,
  };
}

function parsedMount(mount: Mount, index: number): ParsedMount {
  const options = parseMountOptions(mount.options);
  return {
    pointer: `/mounts/${index}`,
    mount,
    destination: normalizePath(mount.destination),
    options,
    bind: isBind(mount, options),
    readonly: isReadonly(options),
  };
}

function bindOf({ mount, pointer, destination, readonly }: ParsedMount, directory: string, look: Look): Bind {
  const written = normalizePath(resolvePath(directory, mount.source ?? ''));
  const file = look(written);
  return { pointer, destination, source: file?.path ?? written, file, readonly };
}

/** The bounding set counts where a program can still gain what is in it: as root, or by a file's capabilities. */
function reachable({ process }: Config): ReadonlySet<string> {
  const { bounding = [], effective = [], permitted = [], ambient = [] } = process?.capabilities ?? {};
  const gains = (process?.user?.uid ?? 0) === 0 || process?.noNewPrivileges !== true;
  return new Set([...effective, ...permitted, ...ambient, ...(gains ? bounding : [])]);
}

function mapsHostRoot({ linux }: Config): boolean {
  return (linux?.uidMappings ?? []).some(({ hostID, size }) => hostID === 0 && size > 0);
}
