import type { PidsResources } from '../../spec/config.ts';
import type { PlanDraft } from './draft.ts';
import { digits } from './integer.ts';

/** `linux.resources.pids`: -1 is no limit, 0 really is none (config-linux.md, "PIDs"). */
export function planPids(draft: PlanDraft, pids: PidsResources, pointer: string): void {
  if (pids.limit === undefined) return;
  const at = `${pointer}/limit`;
  const unlimited = BigInt(pids.limit) < 0n;
  if (unlimited && draft.find('pids', 'pids') === undefined) return;
  const hierarchy = draft.place('pids', 'pids', at);
  const value = unlimited ? 'max' : digits(pids.limit);
  draft.write({ hierarchy, controller: 'pids', file: 'pids.max', value, pointer: at });
}
