import type { Seccomp } from '../bundle/config.ts';
import { OCI_VERSION } from '../bundle/oci-version.ts';
import { Failure } from '../failure.ts';
import { isSystemError } from '../host/native.ts';
import type { SeccompProgram } from '../plan/facts.ts';
import { seccompCacheDirectory } from '../seccomp/filter-cache.ts';
import type { Context } from './types.ts';

/** A compiled filter and where its notifications go. */
export interface Filter {
  readonly program: SeccompProgram;
  readonly listenerPath: string | undefined;
  readonly listenerMetadata: string | undefined;
}

/** Compiles linux.seccomp, or takes it from the cache. The compiler is loaded only for configs that have a filter. */
export async function compileFilter(
  context: Context,
  seccomp: Seccomp | undefined,
): Promise<Filter | undefined> {
  if (seccomp === undefined) return undefined;
  const { compileSeccomp } = await import('../seccomp/compile-seccomp.ts');
  const compiled = await compileSeccomp(context.host, seccomp, { cacheDirectory: cacheFor(context) });
  for (const warning of compiled.warnings) context.warn(warning);
  for (const note of compiled.notes) context.debug?.(note);
  const { seccompAdvice } = await import('./explain-seccomp.ts');
  const advice = seccompAdvice(seccomp);
  // Where the filter kills, the end of the process is all that is seen.
  if (advice?.includes('SCMP_ACT_KILL')) context.warn(advice, 'always');
  const { filter, flags, notify } = compiled;
  return {
    program: { filter, flags, notify },
    listenerPath: compiled.listenerPath,
    listenerMetadata: compiled.listenerMetadata,
  };
}

/** Without a state directory that we may look into there is no cache; who needs the directory itself will say so. */
function cacheFor(context: Context): string | undefined {
  try {
    if (context.host.native.status(context.root, true) === undefined) return undefined;
    const directory = seccompCacheDirectory(context.root);
    context.host.native.status(directory, false);
    return directory;
  } catch (error) {
    if (error instanceof Failure || isSystemError(error)) return undefined;
    throw error;
  }
}

/** The fixed part of what a seccomp agent receives (config-linux.md, The Container Process State). */
export function agentMetadata(filter: Filter | undefined): string | undefined {
  if (filter?.program.notify !== true) return undefined;
  const metadata = filter.listenerMetadata;
  return JSON.stringify({
    ociVersion: OCI_VERSION,
    fds: ['seccompFd'],
    ...(metadata !== undefined && { metadata }),
  });
}
