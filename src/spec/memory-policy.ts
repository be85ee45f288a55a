import type { MemoryPolicyFlag, MemoryPolicyMode } from './config.ts';

interface Mode {
  /** Number in linux/mempolicy.h. */
  readonly value: number;
  /** Whether it takes memory nodes. */
  readonly nodes: 'none' | 'some' | 'needed';
  /** Whether MPOL_F_NUMA_BALANCING goes with it. */
  readonly balancing: boolean;
}

/** Modes of set_mempolicy(2). */
export const memoryPolicyModes: Readonly<Record<MemoryPolicyMode, Mode>> = {
  MPOL_DEFAULT: { value: 0, nodes: 'none', balancing: false },
  MPOL_PREFERRED: { value: 1, nodes: 'some', balancing: false },
  MPOL_BIND: { value: 2, nodes: 'needed', balancing: true },
  MPOL_INTERLEAVE: { value: 3, nodes: 'needed', balancing: false },
  MPOL_LOCAL: { value: 4, nodes: 'none', balancing: false },
  MPOL_PREFERRED_MANY: { value: 5, nodes: 'needed', balancing: true },
  MPOL_WEIGHTED_INTERLEAVE: { value: 6, nodes: 'needed', balancing: false },
};

/** Flags of set_mempolicy(2), which travel in the mode. */
export const memoryPolicyFlags: Readonly<Record<MemoryPolicyFlag, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};
