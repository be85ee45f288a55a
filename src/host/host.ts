import type { Native } from './native.ts';

/**
 * What every room above may know of the outside world. Passed in, never looked up, so that a long-lived host process and a
 * test can bring their own.
 */
export interface Host {
  readonly native: Native;
  /** True for the command: waiting blocks the process. False for a library user's event loop: waiting goes to a thread. */
  readonly blocking: boolean;
  /** Directory with tsoci-init and tsoci.node. */
  readonly libexec: string;
}
