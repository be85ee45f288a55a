import type { SeccompFlag } from '../../spec/config.ts';

/** One flag of `linux.seccomp.flags` (seccomp(2), SECCOMP_SET_MODE_FILTER). */
export interface FlagRow {
  readonly value: number;
  /**
   * The flag is about the notification descriptor: the kernel refuses it (EINVAL) without
   * SECCOMP_FILTER_FLAG_NEW_LISTENER.
   */
  readonly needsListener: boolean;
}

/** Every flag that `linux.seccomp` may name: drives compilation and `features`. */
export const flags = {
  SECCOMP_FILTER_FLAG_TSYNC: { value: 1 << 0, needsListener: false },
  SECCOMP_FILTER_FLAG_LOG: { value: 1 << 1, needsListener: false },
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: { value: 1 << 2, needsListener: false },
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: { value: 1 << 5, needsListener: true },
} as const satisfies Record<SeccompFlag, FlagRow>;

/** Asks for a notification descriptor. Not part of a configuration: follows from SCMP_ACT_NOTIFY. */
export const flagNewListener = 1 << 3;

/**
 * Lets TSYNC and NEW_LISTENER be used together (Linux 5.7): failures of TSYNC come back as ESRCH, not as a thread's
 * number.
 */
export const flagTsyncEsrch = 1 << 4;

/**
 * What a configuration without `flags` gets, as other runtimes do: seccomp alone must not switch on the Speculative
 * Store Bypass mitigation, which slows interpreters down by as much as half. `"flags": []` asks for none.
 */
export const defaultFlags = flags.SECCOMP_FILTER_FLAG_SPEC_ALLOW.value;

/** For asking the kernel: a flag together with what it must be combined with to be judged. */
export function probeBits(name: SeccompFlag): number {
  const row: FlagRow = flags[name];
  return row.needsListener ? row.value | flagNewListener : row.value;
}
