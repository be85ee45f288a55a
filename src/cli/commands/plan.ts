import { planFor } from '../../container/plan-for.ts';
import type { planShape } from '../options.ts';
import { present } from '../present.ts';
import { planDocument } from '../render/plan-document.ts';
import { planTable } from '../render/plan-table.ts';

import type { Handler } from '../table.ts';

export const handler: Handler<typeof planShape> = async ({ arguments: { id }, values, context, print }) => {
  const planned = await planFor(await context(), {
    id: id ?? 'plan',
    bundle: values.bundle,
    noPivot: values['no-pivot'],
    noNewKeyring: values['no-new-keyring'],
    preserveFds: values['preserve-fds'],
    ...present({ consoleSocket: values['console-socket'] }),
  });
  const json = values.json || values.format === 'json';
  print(json ? `${JSON.stringify(planDocument(planned), null, 2)}\n` : planTable(planned));
  return 0;
};
