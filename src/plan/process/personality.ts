import { Failure } from '../../failure.ts';
import type { Personality } from '../../spec/config.ts';
import type { PlanBuilder } from '../builder.ts';

/** PER_* of personality(2). */
const domains = { LINUX: 0, LINUX32: 8 } as const;

/** linux.personality. The specification names no flag yet. */
export function planPersonality(plan: PlanBuilder, personality: Personality): void {
  const flag = personality.flags?.[0];
  if (flag !== undefined) {
    throw new Failure('invalid', `unknown personality flag "${flag}": the specification defines none`, {
      pointer: '/linux/personality/flags/0',
    });
  }
  plan.add('confine', '/linux/personality', 'personality', { persona: domains[personality.domain] });
}
