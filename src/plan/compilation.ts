import type { Config, Linux, Mount } from '../spec/config.ts';
import { isBind, type ParsedMountOptions, parseMountOptions } from '../spec/mount-options.ts';
import { notifyDirectory } from '../spec/notify.ts';
import { normalizePath } from '../spec/path.ts';
import type { PlanBuilder } from './builder.ts';
import type { CreateRequest, HostFacts } from './facts.ts';

/** An entry of `mounts`, looked at once: planning asks for each several times, and for each path that is masked. */
export interface PlannedMount {
  readonly mount: Mount;
  /** In `mounts`. */
  readonly index: number;
  /** Its place in the config. */
  readonly from: string;
  /** The destination, normalised. */
  readonly target: string;
  readonly options: ParsedMountOptions;
  /** With `copy-symlink`: what the source, a symbolic link, leads to. It is made again, and nothing is mounted. */
  readonly link: string | undefined;
}

export function plannedMounts(
  { mounts = [] }: Config,
  { sourceLinks = {} }: Pick<HostFacts, 'sourceLinks'>,
  notify?: string,
): PlannedMount[] {
  const planned = mounts.map((mount, index) => ({
    mount,
    index,
    from: `/mounts/${index}`,
    target: normalizePath(mount.destination),
    options: parseMountOptions(mount.options),
    link: sourceLinks[index],
  }));
  if (notify === undefined) return planned;
  return [...planned, notifyMount(notify, planned.length)];
}

/** The socket for the service manager is the host's: the container may write to it, and do nothing to its name. */
function notifyMount(source: string, index: number): PlannedMount {
  const options = ['bind', 'ro', 'nosuid', 'noexec', 'nodev'];
  return {
    mount: { destination: notifyDirectory, type: 'bind', source, options },
    index,
    from: '',
    target: notifyDirectory,
    options: parseMountOptions(options),
    link: undefined,
  };
}

/** False where the caller brought a /dev of its own: it is left as it is. */
export function ownsDev(mounts: readonly PlannedMount[]): boolean {
  const own = mounts.findLast(({ target }) => target === '/dev');
  return own === undefined || !isBind(own.mount, own.options);
}

/** What the sections share while one config is compiled. */
export interface Compilation {
  readonly config: Config;
  readonly linux: Linux;
  readonly mounts: readonly PlannedMount[];
  readonly request: CreateRequest;
  readonly facts: HostFacts;
  readonly plan: PlanBuilder;
  /** Slots of the container's root and of the host's /dev/null. */
  readonly root: number;
  /** What the caller opened as the root filesystem; NO_SLOT where its path is one of a mount namespace of others. */
  readonly directory: number;
  readonly null: number;
  /** The container has a mount namespace to build in: one of its own, or somebody's that it joins. */
  readonly ownMounts: boolean;
  /** That namespace is somebody's. */
  readonly joinedMounts: boolean;
  /** A user namespace is created or joined. */
  readonly userNamespace: boolean;
  /** Slots of trees that were opened ahead with the caller's privileges, by what they are for. */
  readonly trees: Map<string, number>;
  /** Entries of `mounts` that are needed again after they were made, and the slots in which those are open. */
  readonly needed: ReadonlySet<number>;
  readonly handles: Map<number, number>;
}

/**
 * Host paths are opened before the user namespace, with the caller's privileges; a caller without privileges gains
 * them only inside its new namespaces, where its own files are as reachable as before.
 */
export function opensAhead(compilation: Pick<Compilation, 'facts' | 'userNamespace'>): boolean {
  return compilation.userNamespace && !compilation.facts.rootless;
}
