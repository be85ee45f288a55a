import type { MemoryPolicy } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import type { PlanBuilder } from './builder.ts';
import { maximumNodes } from './kernel-flags.ts';
import { listMask } from './number-list.ts';

/** Modes of set_mempolicy(2), and whether each takes nodes. */
export const memoryPolicyModes = {
  MPOL_DEFAULT: { value: 0, nodes: 'none' },
  MPOL_PREFERRED: { value: 1, nodes: 'some' },
  MPOL_BIND: { value: 2, nodes: 'needed' },
  MPOL_INTERLEAVE: { value: 3, nodes: 'needed' },
  MPOL_LOCAL: { value: 4, nodes: 'none' },
  MPOL_PREFERRED_MANY: { value: 5, nodes: 'needed' },
  MPOL_WEIGHTED_INTERLEAVE: { value: 6, nodes: 'needed' },
} as const;

/** Flags of set_mempolicy(2), which travel in the mode. */
export const memoryPolicyFlags = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
} as const;

/** linux.memoryPolicy: inherited by whatever the process executes and starts. */
export function planMemoryPolicy(plan: PlanBuilder, policy: MemoryPolicy): void {
  const { value, nodes } = memoryPolicyModes[policy.mode];
  const pointer = '/linux/memoryPolicy';
  const given = policy.nodes !== undefined && policy.nodes !== '';
  if (nodes === 'none' && given)
    throw new Failure('invalid', `${policy.mode} takes no nodes`, { pointer: `${pointer}/nodes` });
  if (nodes === 'needed' && !given) throw new Failure('invalid', `${policy.mode} needs nodes`, { pointer });
  const flags = (policy.flags ?? []).reduce((sum, name) => sum | memoryPolicyFlags[name], 0);
  const mask = given ? listMask(policy.nodes ?? '', maximumNodes, `${pointer}/nodes`) : new Uint8Array();
  plan.add('confine', pointer, 'memory-policy', { mode: value | flags, nodes: mask });
}
