import type { Context, ProcessExit } from '../container/types.ts';
import { defined } from '../defined.ts';
import { findLibexec } from '../entry/libexec.ts';
import { loadNative } from '../entry/load-native.ts';
import { Failure } from '../failure.ts';
import { openKoffiLibrary } from '../foreign/koffi.ts';
import { callerEnvironment } from '../host/caller-environment.ts';
import { watchingWait } from '../host/wait.ts';
import { inWords } from './words.ts';

/** What a library user decides. */
export interface RuntimeOptions extends Partial<Omit<Context, 'host'>> {
  /** Absolute path of the directory with the state of containers. */
  readonly root: string;
  /** Absolute path of the directory with tsoci-init and tsoci.node, when they are not where the package has them. */
  readonly libexec?: string;
}

/** The first process of a container that was started here. */
export interface TrackedProcess {
  readonly pid: number;
  /** It has ended, and was reaped. */
  readonly ended: Promise<ProcessExit>;
  /** What whoever waits for the container is told. */
  readonly exited: Promise<ProcessExit>;
}

/** An open runtime: given to every function of the library. */
export interface Runtime extends Context {
  /** By container, until it is removed. */
  readonly tracked: Map<string, TrackedProcess>;
}

function warnByNode(message: string): void {
  process.emitWarning(inWords(message), { type: 'TsociWarning' });
}

/**
 * Opens the runtime for a long-lived host process: nothing waits on the event loop, and many calls may be under way
 * at once; those that change the same container take turns. One thread of its own watches for all that is waited for.
 * What is started here is reaped here. Warnings become Node's (`process.emitWarning`) unless `warn` takes them.
 * Reading a machine's state needs no root; making containers needs it, or a user namespace.
 *
 * Throws `Failure` for a `root` that is not absolute, and when the native parts are not there.
 *
 * @example List the containers of a root
 * ```ts
 * import { list, openRuntime } from 'tsoci';
 * const runtime = openRuntime({ root: '/run/tsoci' });
 * for (const { id, status } of await list(runtime)) console.log(id, status);
 * ```
 */
export function openRuntime(options: RuntimeOptions): Runtime {
  const { root, libexec = findLibexec(), ...rest } = options;
  if (!root.startsWith('/'))
    throw new Failure('invalid', `root "${root}" is not an absolute path`, {
      hint: 'A path that depends on the working directory would lose its containers with it; use path.resolve()',
    });
  const native = loadNative(libexec);
  return {
    cgroupManager: 'cgroupfs',
    rootless: native.userId() !== 0,
    warn: warnByNode,
    // Where somebody is told, that is who reaps: each process here is waited for.
    onExit: () => undefined,
    environment: () => callerEnvironment(process.env),
    ...defined(rest),
    root,
    tracked: new Map(),
    host: {
      native,
      wait: watchingWait(native),
      openSeccompLibrary: () => openKoffiLibrary(native),
      surroundings: process.env,
      libexec,
    },
  };
}
