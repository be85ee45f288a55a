import type { SeccompAction } from '../../spec/config.ts';

/** One action of the specification and what it is to the kernel (seccomp(2), "Seccomp actions"). */
export interface ActionRow {
  /** SECCOMP_RET_*, also libseccomp's SCMP_ACT_*. The low 16 bits are the action's data. */
  readonly value: number;
  /** True when the action carries an errno (or a message for the tracer), so that `errnoRet` may be given. */
  readonly takesErrno: boolean;
  /**
   * True when, as the default action, it means "this call must not happen" and nobody in user space is asked. For
   * those, a system call that is newer than the profile is answered with ENOSYS (docs/seccomp.md).
   */
  readonly denies: boolean;
}

/** Every action that `linux.seccomp` may name: drives compilation and `features` alike. */
export const actions = {
  SCMP_ACT_KILL: { value: 0x00000000, takesErrno: false, denies: true },
  SCMP_ACT_KILL_PROCESS: { value: 0x80000000, takesErrno: false, denies: true },
  SCMP_ACT_KILL_THREAD: { value: 0x00000000, takesErrno: false, denies: true },
  SCMP_ACT_TRAP: { value: 0x00030000, takesErrno: false, denies: false },
  SCMP_ACT_ERRNO: { value: 0x00050000, takesErrno: true, denies: true },
  SCMP_ACT_TRACE: { value: 0x7ff00000, takesErrno: true, denies: false },
  SCMP_ACT_ALLOW: { value: 0x7fff0000, takesErrno: false, denies: false },
  SCMP_ACT_LOG: { value: 0x7ffc0000, takesErrno: false, denies: false },
  SCMP_ACT_NOTIFY: { value: 0x7fc00000, takesErrno: false, denies: false },
} as const satisfies Record<SeccompAction, ActionRow>;

/**
 * A number that is smaller for a stricter action: the kernel's order between filters (seccomp(2)), in which actions
 * are compared without their data, as signed numbers.
 */
export function strictness(action: number): number {
  return (action & 0xffff0000) | 0;
}
