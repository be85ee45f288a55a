import { oomKills } from '../cgroup/statistics/limit-events.ts';
import { Failure, withCleanup } from '../failure.ts';
import { ask, askLater } from '../host/files.ts';
import { SIGKILL } from '../host/signals.ts';
import { Stopwatch } from '../host/stopwatch.ts';
import type { HookListener } from '../launch/conversation.ts';
import { startWaiting } from '../launch/start-channel.ts';
import { explainLimits } from './create/explain-limits.ts';
import { explainSeccomp } from './create/explain-seccomp.ts';
import { HookOutput } from './hooks/hook-output.ts';
import { runHooks } from './hooks/hooks.ts';
import { Notifications } from './notify/notifications.ts';
import { endsWithin } from './process/end-process.ts';
import type { ProcessIdentity } from './process/process-identity.ts';
import { notifyDirectory, notifySocketPath } from './record/notify-files.ts';
import { type OpenContainer, withContainer } from './record/open-container.ts';
import type { ContainerRecord } from './record/record.ts';
import { startAnswer, stateDocument } from './record/state-document.ts';
import { remove } from './remove.ts';
import type { Context, StartOptions } from './types.ts';

/** How long a killed process may take to disappear before the error is told, in milliseconds. */
const patience = 2000;

/**
 * `start`: has the process of a created container execute its program, then runs the poststart hooks (runtime.md,
 * Start). When one of these fails the container is stopped and destroyed, and its poststop hooks run (runtime.md,
 * Lifecycle).
 *
 * Throws `Failure`: `status` when it is not `created`, `exec` when the program cannot be executed, `hook`.
 *
 * With `notifySocket` it also waits until the container says that it is ready, or its process has ended.
 */
export async function start(
  context: Context,
  id: string,
  { notifySocket }: StartOptions = {},
): Promise<void> {
  const { failure, notifications, init } = await startLocked(context, id, notifySocket);
  try {
    // Without the lock: it may take long, and others may want to look into the container, or end it, meanwhile.
    if (failure === undefined && init !== undefined) await notifications?.serve(context, init);
  } finally {
    notifications?.close();
  }
  if (failure === undefined) return;
  try {
    await remove(context, id, { force: true });
  } catch (cleanup) {
    throw withCleanup(failure.error, [cleanup]);
  }
  throw failure.error;
}

/** What follows a start without the lock. */
interface Started {
  /** Of a poststart hook: what follows needs the lock itself. */
  readonly failure?: { readonly error: unknown };
  readonly notifications: Notifications | undefined;
  readonly init: ProcessIdentity | undefined;
}

function startLocked(context: Context, id: string, notifySocket: string | undefined): Promise<Started> {
  const watch = new Stopwatch(context);
  return withContainer(context, id, 'start', async (container) => {
    const { record, store } = container;
    const notifies = notifySocket !== undefined && record.notifies === true;
    const notifications = notifies ? new Notifications(context.host, notifySocket) : undefined;
    try {
      if (notifications !== undefined)
        ask('make a socket in', notifyDirectory(store, id), () =>
          notifications.listen(notifySocketPath(store, id)),
        );
      await execute(context, container);
    } catch (error) {
      notifications?.close();
      throw error;
    }
    watch.lap('start');
    const started = { notifications, init: record.init };
    try {
      await runPoststart(context, record);
      return started;
    } catch (error) {
      return { ...started, failure: { error } };
    }
  });
}

/** Has the waiting process execute its program. */
async function execute(context: Context, container: OpenContainer): Promise<void> {
  const { id, startable, startNotes, annotations } = container.record;
  if (!startable) {
    throw new Failure('invalid', `cannot start container "${id}": its config.json has no process`, {
      pointer: '/process',
    });
  }
  const hooked = startNotes.some(({ kind }) => kind === 'hook');
  const output = HookOutput.open(context, annotations, hooked);
  try {
    await release(context, container, output?.said);
  } finally {
    output?.close();
  }
}

async function release(
  context: Context,
  container: OpenContainer,
  said: HookListener | undefined,
): Promise<void> {
  const { host } = context;
  const { native } = host;
  const { store, record, cgroup } = container;
  const { id, startNotes, init } = record;
  const path = store.startSocketPath(id);
  const killsBefore = cgroup === undefined ? 0 : oomKills(native, cgroup.saved);
  // Nothing has happened until there is a connection: whoever cannot make one leaves the container as it is.
  const socket = await askLater(['ECONNREFUSED', 'ENOENT'], 'reach the waiting process at', path, () =>
    host.wait.connect(path, 'seqpacket'),
  );
  if (socket === undefined)
    throw new Failure('status', `cannot start container "${id}": its process does not wait for start`);
  try {
    // Once the socket is gone nobody can start it twice; a start that is killed now ends the waiting process.
    await startWaiting(host, socket, startNotes, {
      ...startAnswer(record, init?.pid ?? 0),
      beforeGo: () => ask('remove', path, () => native.unlink(path)),
      said,
    });
  } catch (error) {
    await endInit(context, record);
    throw explainStart(context, container, error, killsBefore);
  }
}

/**
 * What is known of a failed start beyond its error: the limits of the cgroup, and the filter of the container's
 * config.
 */
function explainStart(
  { host }: Context,
  container: OpenContainer,
  error: unknown,
  killsBefore: number,
): unknown {
  const { cgroup } = container;
  const explained = cgroup === undefined ? error : explainLimits(host, cgroup, error, killsBefore);
  return explainSeccomp(container.config(), explained);
}

/** A poststart hook that fails stops the container (runtime.md, Lifecycle, step 9). */
export async function runPoststart(context: Context, record: ContainerRecord): Promise<void> {
  if (record.poststart.length === 0 || record.init === undefined) return;
  try {
    await runHooks(context, record.poststart, 'poststart', stateDocument(record, 'running', record.init.pid));
  } catch (error) {
    await endInit(context, record);
    throw error;
  }
}

/** Whoever hears that the start failed finds the container stopped. */
async function endInit({ host }: Context, { init }: ContainerRecord): Promise<void> {
  await endsWithin(host, init, patience, (pidfd) => host.native.pidfdSend(pidfd, SIGKILL));
}
