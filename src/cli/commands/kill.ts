import { kill } from '../../container/kill.ts';
import { signalNumber } from '../../host/signal-number.ts';
import type { killShape } from '../options.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof killShape> = async ({ arguments: { id, signal }, values, context }) => {
  const number = signalNumber(signal || 'TERM');
  await kill(await context(), id, number, { all: values.all });
  return 0;
};
