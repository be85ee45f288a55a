import type { Operation } from './operations.ts';
import type { Asked } from './phases.ts';

/** A descriptor that the launcher opens and the stub inherits, in slot order from 0. */
export type Inherited = 'console-socket' | 'start-socket' | 'process' | 'seccomp-socket' | 'root';

/** What a bundle asks for, compiled. Deep-readonly; the same input gives the same plan. */
export interface Plan {
  readonly operations: readonly Operation[];
  readonly inherited: readonly Inherited[];
  /** Number of slots that the operations use, inherited ones included. */
  readonly slots: number;
  /** Descriptors above stdio that the program gets (`--preserve-fds`). */
  readonly preserve: number;
  /** Questions that the stub will ask, in order. */
  readonly questions: readonly Asked[];
}
