import { Failure } from '../../failure.ts';
import type { Resources } from '../../spec/config.ts';
import { pointerPart } from '../../spec/pointer.ts';
import { isWord } from '../../spec/resource-names.ts';
import type { PlanDraft } from './draft.ts';
import { digits } from './integer.ts';
import { needName } from './need-name.ts';

/** `linux.resources.rdma`: the same file in both versions. */
export function planRdma(draft: PlanDraft, rdma: NonNullable<Resources['rdma']>, pointer: string): void {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
    const at = `${pointer}/${pointerPart(device)}`;
    needName(isWord(device), device, at);
    const words = [device];
    if (hcaHandles !== undefined) words.push(`hca_handle=${digits(hcaHandles)}`);
    if (hcaObjects !== undefined) words.push(`hca_object=${digits(hcaObjects)}`);
    if (words.length === 1)
      throw new Failure('invalid', `cannot apply ${at}: it sets neither hcaHandles nor hcaObjects`, {
        pointer: at,
      });
    const hierarchy = draft.place('rdma', 'rdma', at);
    draft.write({ hierarchy, controller: 'rdma', file: 'rdma.max', value: words.join(' '), pointer: at });
  }
}
