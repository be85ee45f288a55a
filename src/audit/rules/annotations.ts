import { isUnsafe } from '../../spec/annotations.ts';
import { pointerPart } from '../../spec/pointer.ts';
import type { AuditRule } from '../rule.ts';

export const annotations: AuditRule = {
  name: 'annotations',
  asks: 'Are there annotations that change what the runtime does?',
  why: 'Whoever may set annotations, and nothing else, decides then about files and units of the host.',
  check({ config }, report) {
    for (const key of Object.keys(config.annotations ?? {}))
      if (isUnsafe(key))
        report(
          'low',
          `/annotations/${pointerPart(key)}`,
          'changes what the runtime does',
          'take it out if nobody needs it',
        );
  },
};
