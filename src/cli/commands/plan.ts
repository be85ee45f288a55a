import { planFor } from '../../container/plan-for.ts';
import type { Native } from '../../host/native.ts';
import type { planShape } from '../options.ts';
import { present } from '../present.ts';
import { planDocument } from '../render/plan-document.ts';
import { planTable } from '../render/plan-table.ts';
import type { Handler } from '../table.ts';

const standardOutput = 1;
/** Of a terminal that does not say. */
const usualWidth = 80;

export const handler: Handler<typeof planShape> = async ({ arguments: { id }, values, context, print }) => {
  const opened = await context();
  const planned = await planFor(opened, {
    id: id ?? 'plan',
    bundle: values.bundle,
    noPivot: values['no-pivot'],
    noNewKeyring: values['no-new-keyring'],
    preserveFds: values['preserve-fds'],
    ...present({ consoleSocket: values['console-socket'] }),
  });
  for (const why of planned.refused) opened.warn(`this caller could not do it: ${why}`, 'always');
  if (values.json || values.format === 'json') print(`${JSON.stringify(planDocument(planned), null, 2)}\n`);
  else print(planTable(planned, { width: terminalWidth(opened.host.native), wide: values.wide }));
  return 0;
};

/** Characters in a line where a person reads; undefined for programs. */
function terminalWidth(native: Native): number | undefined {
  if (!native.isTerminal(standardOutput)) return undefined;
  const { columns } = native.windowSize(standardOutput);
  return columns > 0 ? columns : usualWidth;
}
