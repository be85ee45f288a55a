import { messageOf } from '../../failure.ts';
import { type ExitStatus, hasErrno } from '../../host/native.ts';
import type { Context } from '../types.ts';

/** Milliseconds after which the end is waited for again where descriptors or memory were short. */
const again = 1000;

/**
 * Has the end of a process that we have started told to whoever wants to know (`Context.onExit`), and so reaped.
 * Comes back at once; the host's event loop goes on as long as the process lives.
 */
export function tellExit(context: Context, id: string, pid: number): void {
  const { onExit } = context;
  if (onExit === undefined) return;
  void untilEnded(context, id, pid).then((status) => onExit({ id, pid, ...status }));
}

/** Whatever is short now: a process that nobody reaps keeps its pid namespace, and with it the container. */
async function untilEnded({ host: { wait }, warn }: Context, id: string, pid: number): Promise<ExitStatus> {
  for (let told = false; ; told = true) {
    try {
      return await wait.child(pid);
    } catch (error) {
      if (!told) warn(`waiting for process ${pid} of container "${id}": ${messageOf(error)}`);
      // Somebody else in this process has reaped it: it has ended, and nobody will ever know how.
      if (hasErrno(error, 'ECHILD')) return { code: undefined, signal: undefined };
      await wait.pause(again);
    }
  }
}
