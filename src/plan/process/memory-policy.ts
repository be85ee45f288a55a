import { Failure } from '../../failure.ts';
import type { MemoryPolicy } from '../../spec/config.ts';
import { maximumNodes } from '../../spec/kernel-flags.ts';
import { memoryPolicyFlags, memoryPolicyModes } from '../../spec/memory-policy.ts';
import { listMask } from '../../spec/number-list.ts';
import type { PlanBuilder } from '../builder.ts';

/** linux.memoryPolicy: inherited by whatever the process executes and starts. */
export function planMemoryPolicy(plan: PlanBuilder, policy: MemoryPolicy): void {
  const { value, nodes } = memoryPolicyModes[policy.mode];
  const pointer = '/linux/memoryPolicy';
  const given = policy.nodes !== undefined && policy.nodes !== '';
  if (nodes === 'none' && given)
    throw new Failure('invalid', `${policy.mode} takes no nodes`, { pointer: `${pointer}/nodes` });
  if (nodes === 'needed' && !given) throw new Failure('invalid', `${policy.mode} needs nodes`, { pointer });
  const flags = (policy.flags ?? []).reduce((sum, name) => sum | memoryPolicyFlags[name], 0);
  const mask = given
    ? listMask(policy.nodes ?? '', 'memory nodes', maximumNodes, `${pointer}/nodes`)
    : new Uint8Array();
  plan.add('confine', pointer, 'memory-policy', { mode: value | flags, nodes: mask });
}
