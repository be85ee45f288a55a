import type { Plan } from '../plan/plan.ts';
import { prepare } from './prepare.ts';
import type { Context, CreateOptions } from './types.ts';

/**
 * `plan`: what creating a container of this bundle would do, operation by operation. Needs no root, changes nothing.
 *
 * Throws `Failure` for everything that would make `create` refuse before it does anything.
 */
export async function planFor(context: Context, options: CreateOptions): Promise<Plan> {
  const { plan } = await prepare(context, options, { waits: true, ownTerminal: true });
  return plan;
}
