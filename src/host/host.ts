import type { SeccompLibrary } from './library.ts';
import type { Native } from './native.ts';
import type { Surroundings } from './surroundings.ts';
import type { Wait } from './wait.ts';

/**
 * What every room above may know of the outside world. Passed in, never looked up, so that a long-lived host process
 * and a test can bring their own.
 */
export interface Host {
  readonly native: Native;
  /** How this host waits: the command blocks its process, a library user's event loop goes on. */
  readonly wait: Wait;
  /** Opens libseccomp. Throws `Failure` `unsupported` where it is not installed. Whoever opens it closes it. */
  openSeccompLibrary(): Promise<SeccompLibrary>;
  /** The environment of whoever calls. */
  readonly surroundings: Surroundings;
  /** Directory with tsoci-init and tsoci.node. */
  readonly libexec: string;
  /**
   * Path of tsoci-init, where it is not the one of libexec: a program that lives long keeps the one that it began
   * with.
   */
  readonly stub?: string;
  /**
   * Did our caller pass this descriptor? Left out where those that are not close-on-exec are the caller's: an engine
   * may make all of them so before any of our code runs.
   */
  readonly passed?: (descriptor: number) => boolean;
}
