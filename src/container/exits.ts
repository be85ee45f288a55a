import { messageOf } from '../failure.ts';
import type { Context } from './types.ts';

/**
 * Has the end of a process that we have started told to whoever wants to know (`Context.onExit`), and so reaped. Comes back at once; the
 * host's event loop goes on as long as the process lives.
 */
export function tellExit({ host, onExit, warn }: Context, id: string, pid: number): void {
  if (onExit === undefined) return;
  host.wait.child(pid).then(
    (status) => onExit({ id, pid, ...status }),
    (error: unknown) =>
      warn(`the end of process ${pid} of container "${id}" was not seen: ${messageOf(error)}`),
  );
}
