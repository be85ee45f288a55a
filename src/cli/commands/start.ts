import { notifySocket } from '../convert/notify-socket.ts';
import { command } from '../table/command.ts';
import { id } from '../table/shared-options.ts';

export const startCommand = command({
  name: 'start',
  summary: 'start the program of a created container',
  description: [
    'Fails, with the reason, when the program cannot be executed. With NOTIFY_SOCKET, at create as well, it waits until the container has said READY=1 or has ended.',
  ],
  examples: [{ command: 'start web1', does: 'start the program of web1' }],
  positionals: [id],
  async handler({ arguments: { id }, ...call }) {
    const { start } = await import('../../container/start.ts');
    const context = await call.context();
    await start(context, id, notifySocket(context.host.surroundings));
    return 0;
  },
});
