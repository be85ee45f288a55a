import { withCleanup } from '../failure.ts';
import { endChild } from '../launch/launch.ts';
import { createContainer } from './create.ts';
import { remove } from './remove.ts';
import { runPoststart } from './start.ts';
import type { Context, Foreground, RunOptions } from './types.ts';

/**
 * `run`: create and start in one go. The container's process is our own child; in the foreground the caller goes on with
 * `supervise`.
 *
 * Throws `Failure` as `create` and `start` do; the container is gone then.
 */
export async function run(context: Context, options: RunOptions): Promise<Foreground> {
  const ownTerminal = !options.detach && options.consoleSocket === undefined;
  const { record, launched } = await createContainer(context, options, { waits: false, ownTerminal });
  try {
    await runPoststart(context, record);
  } catch (error) {
    await endChild(context.host, launched.pid);
    try {
      await remove(context, options.id, { force: true });
    } catch (cleanup) {
      throw withCleanup(error, [cleanup]);
    }
    throw error;
  }
  return { pid: launched.pid, ...(launched.terminal !== undefined && { terminal: launched.terminal }) };
}
