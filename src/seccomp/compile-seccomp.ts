import type { Seccomp } from '../bundle/config.ts';
import type { Host } from '../host/host.ts';
import { checkListener } from './check-listener.ts';
import { readCachedFilter, writeCachedFilter } from './filter-cache.ts';
import type { FilterEntry } from './filter-entry.ts';
import { filterKey } from './filter-key.ts';

/** `linux.seccomp`, ready for seccomp(2). */
export interface CompiledSeccomp {
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  /** SECCOMP_FILTER_FLAG_* of the configuration. Where `notify` is true, the loader adds SECCOMP_FILTER_FLAG_NEW_LISTENER. */
  readonly flags: number;
  /** The profile uses SCMP_ACT_NOTIFY: the notification descriptor goes to `listenerPath`. */
  readonly notify: boolean;
  /** Set when `notify` is true. */
  readonly listenerPath?: string;
  /** Opaque text for the agent. */
  readonly listenerMetadata?: string;
  /** Where the filter may not be what the profile's author meant; most begin with a pointer into config.json. For the log. */
  readonly warnings: readonly string[];
  /** What was left out without making the filter weaker, such as names newer than the library: for the debug log. */
  readonly notes: readonly string[];
  /** Where the filter came from, for traces and tests. */
  readonly from: 'cache' | 'libseccomp';
}

export interface CompileOptions {
  /** Where compiled filters are kept ({@link seccompCacheDirectory}); undefined: nowhere. Made when missing (its parent must exist). */
  readonly cacheDirectory?: string | undefined;
}

/**
 * Compiles `linux.seccomp`, or finds what an earlier call compiled. Only a miss opens libseccomp.
 *
 * @throws Failure `invalid` with the pointer of what is wrong in the section, `unsupported` when libseccomp or the kernel lack
 * what it asks for
 *
 * @example Compile the section of a configuration
 * ```ts
 * const { filter, flags } = await compileSeccomp(host, config.linux.seccomp, {
 *   cacheDirectory: seccompCacheDirectory('/run/tsoci'),
 * });
 * ```
 */
export async function compileSeccomp(
  host: Host,
  section: Seccomp,
  options: CompileOptions = {},
): Promise<CompiledSeccomp> {
  checkListener(section);
  const { cacheDirectory } = options;
  const key = cacheDirectory === undefined ? undefined : filterKey(host.native, section);
  const cached =
    key && cacheDirectory !== undefined ? readCachedFilter(host.native, cacheDirectory, key) : undefined;
  if (cached) return present(section, cached, 'cache', cached.warnings);
  const { compileSection } = await import('./compile-section.ts');
  const entry = await compileSection(host, section);
  const complaint =
    key && cacheDirectory !== undefined && entry.library.path !== ''
      ? writeCachedFilter(host.native, cacheDirectory, key, entry)
      : undefined;
  return present(section, entry, 'libseccomp', complaint ? [...entry.warnings, complaint] : entry.warnings);
}

function present(
  section: Seccomp,
  entry: FilterEntry,
  from: CompiledSeccomp['from'],
  warnings: readonly string[],
): CompiledSeccomp {
  const { filter, flags, notify, notes } = entry;
  return {
    filter,
    flags,
    notify,
    ...(notify && section.listenerPath !== undefined ? { listenerPath: section.listenerPath } : {}),
    ...(notify && section.listenerMetadata !== undefined
      ? { listenerMetadata: section.listenerMetadata }
      : {}),
    warnings,
    notes,
    from,
  };
}
