/** tsoci as a library: the lifecycle of containers, and the documents of the runtime specification. */
import type { Context } from './container/types.ts';
import { findLibexec } from './entry/libexec.ts';
import { loadNative } from './entry/load-native.ts';
import { openKoffiLibrary } from './foreign/koffi.ts';
import { watchingWait } from './host/wait.ts';

export type {
  BundleFiles,
  Config,
  Features,
  Finding,
  Hook,
  Hooks,
  Linux,
  LoadedBundle,
  Mount,
  Namespace,
  Process,
  Resources,
  State as StateDocument,
} from './bundle/mod.ts';
export {
  checkConfig,
  checkProcess,
  checkResources,
  defaultConfig,
  InvalidDocument,
  loadBundle,
  parseJson,
  rootlessConfig,
  stringifyJson,
  validate,
  validateProcess,
  validateResources,
} from './bundle/mod.ts';
export * from './container/mod.ts';
export { Failure, type FailureCode, type FailureDetail } from './failure.ts';
export type { Operation, OperationKind, Phase } from './plan/operations.ts';
export type { Plan } from './plan/plan.ts';

/** What a library user decides. */
export interface RuntimeOptions extends Partial<Omit<Context, 'host'>> {
  /** Absolute path of the directory with the state of containers. */
  readonly root: string;
  /** Absolute path of the directory with tsoci-init and tsoci.node, when they are not where the package has them. */
  readonly libexec?: string;
}

/**
 * Opens the runtime for a long-lived host process: nothing waits on the event loop, and many calls may be under way at once; those that
 * change the same container take turns. One thread of its own watches for all that is waited for. Reading a machine's state needs no root; making containers needs it, or a user namespace.
 *
 * Throws `Failure` when the native parts are not there.
 *
 * @example List the containers of a root
 * ```ts
 * import { list, openRuntime } from 'tsoci';
 * const runtime = openRuntime({ root: '/run/tsoci' });
 * for (const { id, status } of await list(runtime)) console.log(id, status);
 * ```
 */
export function openRuntime(options: RuntimeOptions): Context {
  const { root, libexec = findLibexec(), ...rest } = options;
  const native = loadNative(libexec);
  return {
    systemdCgroup: false,
    rootless: native.userId() !== 0,
    warn: () => undefined,
    environment: () => Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
    ...rest,
    root,
    host: {
      native,
      wait: watchingWait(native),
      openSeccompLibrary: () => openKoffiLibrary(native),
      surroundings: process.env,
      libexec,
    },
  };
}
