import { defined } from '../defined.ts';
import { withCleanup } from '../failure.ts';
import { endChild } from '../launch/launch.ts';
import { createContainer } from './create.ts';
import { Notifications } from './notify/notifications.ts';
import { tellExit } from './process/exits.ts';
import type { ProcessIdentity } from './process/process-identity.ts';
import type { ContainerRecord } from './record/record.ts';
import { Store } from './record/store.ts';
import { remove } from './remove.ts';
import { runPoststart } from './start.ts';
import type { Context, Foreground, RunOptions } from './types.ts';

/** A container whose process runs. */
export interface RunningContainer extends Foreground {
  /** For `supervise`: see there. */
  readonly tidy?: readonly string[];
  /** For `supervise`, or until the container is ready (`serve`); whoever has it closes it. */
  readonly notifications?: Notifications;
}

/**
 * `run`: create and start in one go. The container's process is our own child; in the foreground the caller goes on
 * with `supervise`.
 *
 * Throws `Failure` as `create` and `start` do; the container is gone then.
 */
export async function run(context: Context, options: RunOptions): Promise<RunningContainer> {
  const { notifySocket } = options;
  if (notifySocket === undefined) return await runWith(context, options);
  const notifications = new Notifications(context.host, notifySocket);
  try {
    const { init, ...running } = await runWith(context, options, notifications);
    if (!options.detach) return { ...running, notifications };
    if (init !== undefined) await notifications.serve(context, init);
    notifications.close();
    return running;
  } catch (error) {
    notifications.close();
    throw error;
  }
}

async function runWith(
  context: Context,
  options: RunOptions,
  notifications?: Notifications,
): Promise<RunningContainer & { readonly init?: ProcessIdentity }> {
  const ownTerminal = !options.detach && options.consoleSocket === undefined;
  const keepsStub = options.relaysTerminal === true && !options.detach;
  const mode = { waits: false, ownTerminal, keepsStub, ...(notifications && { notifications }) };
  const { record, launched } = await createContainer(context, options, mode);
  try {
    await runPoststart(context, record);
  } catch (error) {
    if (launched.terminal !== undefined) context.host.native.close(launched.terminal);
    if (launched.stub !== undefined) context.host.native.close(launched.stub);
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
  const { pid, terminal, stub } = launched;
  return defined({ pid, init: record.init, terminal, stub, tidy });
}

/** What `remove` would remove once the process has ended, when that is all it would do. */
function whatIsLeft(context: Context, record: ContainerRecord): string[] | undefined {
  const { cgroup, poststop, resctrl } = record;
  if (poststop.length > 0 || resctrl !== undefined || cgroup?.driver === 'systemd') return undefined;
  const hierarchies = [...(cgroup?.hierarchies ?? []), ...(cgroup?.unified ? [cgroup.unified] : [])];
  return [
    new Store(context.host.native, context.root).directory(record.id),
    ...hierarchies.map(({ path }) => path),
  ];
}
