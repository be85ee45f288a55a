import { Failure } from '../../failure.ts';
import { isSystemError } from '../../host/native.ts';
import type { SeccompProgram } from '../../plan/facts.ts';
import { seccompCacheDirectory } from '../../seccomp/cache/filter-cache.ts';
import { compileSeccomp } from '../../seccomp/compile-seccomp.ts';
import { defaultFlags } from '../../seccomp/profile/flags.ts';
import { seccompAnnotations, seccompProgramAnnotation } from '../../spec/annotations.ts';
import { fromBase64 } from '../../spec/base64.ts';
import type { Config, Seccomp } from '../../spec/config.ts';
import { OCI_VERSION } from '../../spec/oci-version.ts';
import type { Context } from '../types.ts';
import { seccompAdvice } from './explain-seccomp.ts';

/** sizeof (struct sock_filter). */
const instructionBytes = 8;

/** A compiled filter and where its notifications go. */
export interface Filter {
  readonly program: SeccompProgram;
  readonly listenerPath: string | undefined;
  readonly listenerMetadata: string | undefined;
}

/**
 * Compiles linux.seccomp, or takes it from the cache. An annotation may bring the
 * filter itself.
 */
export async function compileFilter(
  context: Context,
  { linux, annotations }: Pick<Config, 'linux' | 'annotations'>,
): Promise<Filter | undefined> {
  const { receiver, failUnknown, program } = seccompAnnotations(annotations);
  if (program !== undefined) return givenFilter(program);
  if (linux?.seccomp === undefined) return undefined;
  const seccomp = withReceiver(
    linux.seccomp,
    receiver ?? context.host.surroundings['RUN_OCI_SECCOMP_RECEIVER'],
  );
  const compiled = await compileSeccomp(context.host, seccomp, {
    cacheDirectory: cacheFor(context),
    failUnknown,
  });
  for (const warning of compiled.warnings) context.warn(warning);
  for (const note of compiled.notes) context.debug?.(note);
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

/** The profile with an agent, where it asks one and names none. */
function withReceiver(seccomp: Seccomp, receiver: string | undefined): Seccomp {
  const asks = seccomp.syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') === true;
  return asks && receiver && seccomp.listenerPath === undefined
    ? { ...seccomp, listenerPath: receiver }
    : seccomp;
}

/** A filter that was compiled elsewhere: whoever gives it answers for what it does. */
function givenFilter(text: string): Filter {
  const filter = fromBase64(text);
  if (filter === undefined || filter.length === 0 || filter.length % instructionBytes !== 0)
    throw new Failure('invalid', 'is no base64 of an array of struct sock_filter', {
      pointer: `/annotations/${seccompProgramAnnotation}`,
      hint: 'Give what seccomp_export_bpf(3) writes, in base64.',
    });
  return {
    program: { filter, flags: defaultFlags, notify: false },
    listenerPath: undefined,
    listenerMetadata: undefined,
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
