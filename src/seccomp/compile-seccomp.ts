import type { Host } from '../host/host.ts';
import type { Seccomp } from '../spec/config.ts';
import { readCachedFilter, writeCachedFilter } from './cache/filter-cache.ts';
import type { FilterEntry } from './cache/filter-entry.ts';
import { filterKey } from './cache/filter-key.ts';
import { checkListener } from './profile/check-listener.ts';
import { compileSection } from './program/compile-section.ts';

/** `linux.seccomp`, ready for seccomp(2). */
export interface CompiledSeccomp {
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  /**
   * SECCOMP_FILTER_FLAG_* of the configuration. Where `notify` is true, the loader adds
   * SECCOMP_FILTER_FLAG_NEW_LISTENER.
   */
  readonly flags: number;
  /** The profile uses SCMP_ACT_NOTIFY: the notification descriptor goes to `listenerPath`. */
  readonly notify: boolean;
  /** Set when `notify` is true. */
  readonly listenerPath?: string | undefined;
  /** Opaque text for the agent. */
  readonly listenerMetadata?: string | undefined;
  /**
   * Where the filter may not be what the profile's author meant; most begin with a pointer into config.json. For the
   * log.
   */
  readonly warnings: readonly string[];
  /** What was left out without making the filter weaker, such as names newer than the library: for the debug log. */
  readonly notes: readonly string[];
  /** Where the filter came from, for traces and tests. */
  readonly from: 'cache' | 'libseccomp';
}

export interface CompileOptions {
  /** Names that libseccomp does not know are refused. */
  readonly failUnknown?: boolean;
  /**
   * Where compiled filters are kept ({@link seccompCacheDirectory}); undefined: nowhere. Made when missing (its
   * parent must exist).
   */
  readonly cacheDirectory?: string | undefined;
}

/**
 * Compiles `linux.seccomp`, or finds what an earlier call compiled. Only a miss opens libseccomp.
 *
 * @throws Failure `invalid` with the pointer of what is wrong in the section, `unsupported` when libseccomp or the
 * kernel lack what it asks for
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
  const { failUnknown = false } = options;
  // What the cache has was compiled without that question.
  const cacheDirectory = failUnknown ? undefined : options.cacheDirectory;
  const key = cacheDirectory === undefined ? undefined : filterKey(host.native, section);
  const cached =
    key && cacheDirectory !== undefined ? readCachedFilter(host.native, cacheDirectory, key) : undefined;
  if (cached) return compiled(section, cached, 'cache', cached.warnings);
  const entry = await compileSection(host, section, failUnknown);
  const complaint =
    key && cacheDirectory !== undefined && entry.library.path !== ''
      ? writeCachedFilter(host.native, cacheDirectory, key, entry)
      : undefined;
  return compiled(section, entry, 'libseccomp', complaint ? [...entry.warnings, complaint] : entry.warnings);
}

function compiled(
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
    listenerPath: notify ? section.listenerPath : undefined,
    listenerMetadata: notify ? section.listenerMetadata : undefined,
    warnings,
    notes,
    from,
  };
}
