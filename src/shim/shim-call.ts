import type { Host } from '../host/host.ts';
import type { ShimArguments } from './arguments.ts';

/** One call of this program as a shim: what `src/entry/` takes from outside. */
export interface ShimCall {
  readonly arguments: readonly string[];
  /** `NAME=value` lines. */
  readonly environment: readonly string[];
  /** Waiting does not block: for the server. */
  readonly host: Host;
  /** By which we were called; so the server is called as well. */
  readonly name: string;
  /** What `-v` prints. */
  readonly versionText: string;
  readonly version: string;
}

/** The same with the command line read. */
export interface Invocation extends ShimCall {
  readonly given: ShimArguments;
}
