import type { Context } from '../container/types.ts';
import { Failure } from '../failure.ts';
import { absolutePath } from '../host/absolute-path.ts';
import { callerEnvironment } from '../host/caller-environment.ts';
import type { Host } from '../host/host.ts';
import { inUserNamespace } from '../host/in-user-namespace.ts';
import type { Native } from '../host/native.ts';
import type { TraceSink } from '../host/stopwatch.ts';
import type { Surroundings } from '../host/surroundings.ts';
import type { Globals } from './table/global-options.ts';

const systemRoot = '/run/tsoci';

/** The library's context as the global options ask for it. */
export function makeContext(
  globals: Globals,
  host: Host,
  surroundings: Surroundings,
  { trace, ...tell }: Pick<Context, 'warn' | 'debug'> & { readonly trace: TraceSink | undefined },
): Context {
  let root: string | undefined;
  let rootless: boolean | undefined;
  return {
    host,
    /** Found out when first asked: `features` and `plan` work where there is no such place. */
    get root() {
      root ??= rootDirectory(globals.root, host.native, surroundings);
      return root;
    },
    cgroupManager: globals['cgroup-manager'] ?? (globals['systemd-cgroup'] ? 'systemd' : 'cgroupfs'),
    /** Also when first asked: most calls of an engine need not know. */
    get rootless() {
      rootless ??= isRootless(globals.rootless, host.native);
      return rootless;
    },
    environment: () => callerEnvironment(surroundings),
    ...tell,
    ...(trace && { trace }),
    ...(globals.criu !== undefined && { criu: globals.criu }),
  };
}

/**
 * Where the state lives: `--root`, /run/tsoci for root, otherwise below $XDG_RUNTIME_DIR. Root of a user namespace
 * counts as an ordinary user, unless `USER` says that root entered it: Podman and Buildah call so, and some services
 * have no `USER`.
 *
 * Throws `Failure` `invalid` when there is no such place.
 */
export function rootDirectory(given: string | undefined, native: Native, surroundings: Surroundings): string {
  if (given !== undefined && given !== '') {
    let path = absolutePath(native, given);
    while (path.length > 1 && path.endsWith('/')) path = path.slice(0, -1);
    return path;
  }
  const runtime = surroundings.XDG_RUNTIME_DIR;
  if (native.userId() === 0) {
    const { USER: name } = surroundings;
    const borrowed = runtime?.startsWith('/') && name !== 'root' && inUserNamespace(native);
    return borrowed ? `${runtime}/tsoci` : systemRoot;
  }
  if (!runtime?.startsWith('/')) {
    throw new Failure(
      'invalid',
      'no directory for the state: XDG_RUNTIME_DIR is not set to an absolute path',
      {
        hint: 'Set it (usually to /run/user/$UID), or name a directory with --root.',
      },
    );
  }
  return `${runtime}/tsoci`;
}

/** Whether missing permissions on cgroups are to be borne. */
export function isRootless(given: Globals['rootless'], native: Native): boolean {
  if (given !== 'auto') return given === 'true';
  return native.userId() !== 0 || inUserNamespace(native);
}
