import { withCleanup } from '../failure.ts';
import { endChild } from '../launch/launch.ts';
import { createContainer } from './create.ts';
import { tellExit } from './exits.ts';
import type { ContainerRecord } from './record.ts';
import { remove } from './remove.ts';
import { runPoststart } from './start.ts';
import { Store } from './store.ts';
import type { Context, Foreground, RunOptions } from './types.ts';

/** A container whose process runs. */
export interface RunningContainer extends Foreground {
  /** For `supervise`: see there. */
  readonly tidy?: readonly string[];
}

/**
 * `run`: create and start in one go. The container's process is our own child; in the foreground the caller goes on with
 * `supervise`.
 *
 * Throws `Failure` as `create` and `start` do; the container is gone then.
 */
export async function run(context: Context, options: RunOptions): Promise<RunningContainer> {
  const ownTerminal = !options.detach && options.consoleSocket === undefined;
  const { record, launched } = await createContainer(context, options, { waits: false, ownTerminal });
  try {
    await runPoststart(context, record);
  } catch (error) {
    if (launched.terminal !== undefined) context.host.native.close(launched.terminal);
    await endChild(context.host, launched.pid);
    try {
      await remove(context, options.id, { force: true });
    } catch (cleanup) {
      throw withCleanup(error, [cleanup]);
    }
    throw error;
  }
  tellExit(context, options.id, launched.pid);
  const tidy = whatIsLeft(context, record);
  return {
    pid: launched.pid,
    ...(launched.terminal !== undefined && { terminal: launched.terminal }),
    ...(tidy !== undefined && { tidy }),
  };
}

/** What `remove` would remove once the process has ended, when that is all it would do. */
function whatIsLeft(context: Context, record: ContainerRecord): string[] | undefined {
  const { cgroup, poststop, resctrl } = record;
  if (poststop.length > 0 || resctrl !== undefined || cgroup?.driver === 'systemd') return undefined;
  const left = [new Store(context.host.native, context.root).directory(record.id)];
  for (const { path } of cgroup?.hierarchies ?? []) left.push(path);
  if (cgroup?.unified !== undefined) left.push(cgroup.unified.path);
  return left;
}
