import { checkpoint } from '../../container/checkpoint.ts';
import type { checkpointShape } from '../checkpoint-shapes.ts';
import { pageServer } from '../convert/page-server.ts';
import { criuChoices } from '../criu-options.ts';
import { present } from '../present.ts';
import type { Handler } from '../table.ts';

export const handler: Handler<typeof checkpointShape> = async ({ arguments: { id }, values, context }) => {
  const server = values['page-server'];
  await checkpoint(await context(), id, {
    ...criuChoices(values),
    leaveRunning: values['leave-running'],
    preDump: values['pre-dump'],
    tcpSkipInFlight: values['tcp-skip-in-flight'],
    ...present({
      parentPath: values['parent-path'],
      // Callers that want none pass -1.
      statusFd: (values['status-fd'] ?? -1) < 0 ? undefined : values['status-fd'],
      pageServer: server === undefined ? undefined : pageServer(server),
    }),
  });
  return 0;
};
