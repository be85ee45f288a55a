import { Failure } from '../../failure.ts';
import type { HugepageLimit } from '../../spec/config.ts';
import { isPageSize } from '../../spec/resource-names.ts';
import type { PlanDraft } from './draft.ts';
import { digits } from './integer.ts';

/**
 * `linux.resources.hugepageLimits`: the limit of reservations, which the specification prefers, and the limit of use,
 * which every kernel has.
 */
export function planHugepages(draft: PlanDraft, limits: readonly HugepageLimit[], pointer: string): void {
  limits.forEach(({ pageSize, limit }, index) => {
    const at = `${pointer}/${index}`;
    if (!isPageSize(pageSize))
      throw new Failure(
        'invalid',
        `cannot apply ${at}/pageSize: "${pageSize}" is not a size such as 64KB, 2MB or 1GB`,
        {
          pointer: `${at}/pageSize`,
        },
      );
    const hierarchy = draft.place('hugetlb', 'hugetlb', at);
    const suffix = hierarchy === 'v1' ? 'limit_in_bytes' : 'max';
    const common = { hierarchy, controller: 'hugetlb', value: digits(limit), pointer: `${at}/limit` };
    draft.write({ ...common, file: `hugetlb.${pageSize}.${suffix}` });
    draft.write({ ...common, file: `hugetlb.${pageSize}.rsvd.${suffix}`, tolerate: ['ENOENT'] });
  });
}
