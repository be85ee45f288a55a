/**
 * The command's entry in the shipped executable. All modules are loaded, and frozen, when the executable is built; a
 * process then calls {@link main} once (csrc/engine). So nothing here, nor in what is imported, may ask for anything
 * while it is loaded.
 */
import { nativeSink } from '../cli/sink.ts';
import { openLibraryProcess } from '../foreign/library-process.ts';
import type { Host } from '../host/host.ts';
import type { Native } from '../host/native.ts';
import type { Outside } from '../host/outside.ts';
import type { Surroundings } from '../host/surroundings.ts';
import { blockingWait } from '../host/wait.ts';

/** What the engine's own C knows of this process. */
export interface EngineCall {
  /** The command line without the program's name. */
  readonly arguments: readonly string[];
  /** `NAME=value` lines. */
  readonly environment: readonly string[];
  /** getenv(3). */
  variable(name: string): string | undefined;
  /** `quickjs-ng: 0.18.0`. */
  readonly engine: string;
  /** CLOCK_MONOTONIC in nanoseconds when the process began. */
  readonly began: bigint;
}

/**
 * The environment by name, looked up when asked: an object with all of it would cost every call as much as the rest
 * of its start. Of a variable that is given twice the first counts, as for getenv(3), and what has no `=` is none.
 */
function surroundingsOf(call: EngineCall): Surroundings {
  const variable = (name: string | symbol) => (typeof name === 'string' ? call.variable(name) : undefined);
  return new Proxy<Surroundings>(
    {},
    {
      get: (_, name) => variable(name),
      has: (_, name) => variable(name) !== undefined,
      ownKeys: () => [...new Set(call.environment.flatMap((line) => line.match(/^[^=]+(?==)/)?.[0] ?? []))],
      getOwnPropertyDescriptor: (_, name) => {
        const value = variable(name);
        return value === undefined ? undefined : { value, enumerable: true, configurable: true };
      },
    },
  );
}

/**
 * The executable's path with links resolved. It and nothing else says where our other programs are: not the working
 * directory, not the environment.
 */
function executable(native: Native): string {
  return native.readLink('/proc/self/exe');
}

/** The machine for one call, whose waiting blocks. */
export function openHost(native: Native, call: EngineCall): Host {
  let libexec: string | undefined;
  const host: Host = {
    native,
    wait: blockingWait(native),
    surroundings: surroundingsOf(call),
    /** Found out when first asked: most calls of an engine start nothing. */
    get libexec() {
      if (libexec === undefined) {
        const path = executable(native);
        libexec = path.slice(0, path.lastIndexOf('/'));
      }
      return libexec;
    },
    openSeccompLibrary: () => openLibraryProcess(host),
  };
  return host;
}

/**
 * What the command takes from outside. Asks for nothing itself, so that the executable's image can hold it: to make
 * it took 0.05 ms of every call, a tenth of `state`.
 */
export function outsideOf(native: Native, call: EngineCall): Outside {
  const host = openHost(native, call);
  return {
    surroundings: host.surroundings,
    get program() {
      return [executable(native)];
    },
    engine: call.engine,
    elapsed: () => Number(native.monotonic() - call.began) / 1e6,
    openHost: () => {
      native.raiseOpenFiles();
      return host;
    },
    sink: nativeSink(native),
  };
}
