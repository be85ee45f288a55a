import type { SeccompOperator } from '../../spec/config.ts';

/**
 * Every comparison that `linux.seccomp` may name, with libseccomp's `enum scmp_compare`: drives compilation and
 * `features`.
 */
export const operators = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
} as const satisfies Record<SeccompOperator, number>;
