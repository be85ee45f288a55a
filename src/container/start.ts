import type { Config } from '../bundle/config.ts';
import { parseJson } from '../bundle/parse-json.ts';
import type { CgroupInUse } from '../cgroup/cgroup.ts';
import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { oomKills } from '../cgroup/limit-events.ts';
import { Failure, withCleanup } from '../failure.ts';
import { ask, askLater } from '../host/files.ts';
import { hasErrno } from '../host/native.ts';
import { startWaiting } from '../launch/start-channel.ts';
import { requireStatus, statusOf } from './lifecycle.ts';
import { openProcess } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { startAnswer } from './start-answer.ts';
import { stateDocument } from './state-document.ts';
import { Stopwatch } from './stopwatch.ts';
import { Store } from './store.ts';
import type { Context } from './types.ts';

const SIGKILL = 9;
/** How long a killed process may take to disappear before the error is told, in milliseconds. */
const patience = 2000;

/**
 * `start`: has the process of a created container execute its program, then runs the poststart hooks (runtime.md, Start). When one of
 * these fails the container is stopped and destroyed, and its poststop hooks run (runtime.md, Lifecycle).
 *
 * Throws `Failure`: `status` when it is not `created`, `exec` when the program can't be executed, `hook`.
 */
export async function start(context: Context, id: string): Promise<void> {
  const failure = await startLocked(context, id);
  if (failure === undefined) return;
  const { remove } = await import('./remove.ts');
  try {
    await remove(context, id, { force: true });
  } catch (cleanup) {
    throw withCleanup(failure.error, [cleanup]);
  }
  throw failure.error;
}

/** Gives the failure of a poststart hook: what follows needs the lock itself. */
async function startLocked(context: Context, id: string): Promise<{ readonly error: unknown } | undefined> {
  const { host } = context;
  const { native } = host;
  const watch = new Stopwatch(context);
  const store = new Store(native, context.root);
  const lock = await store.lock(context.host.wait, id);
  try {
    const record = store.read(id);
    const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
    requireStatus('start', id, statusOf(host, store, record, cgroup));
    if (!record.startable) {
      throw new Failure('invalid', `cannot start container "${id}": its config.json has no process`, {
        pointer: '/process',
      });
    }
    const path = store.startSocketPath(id);
    const pid = record.init?.pid ?? 0;
    const killsBefore = cgroup === undefined ? 0 : oomKills(native, cgroup.saved);
    // Nothing has happened until there is a connection: whoever can't make one leaves the container as it is.
    const socket = await askLater(['ECONNREFUSED', 'ENOENT'], 'reach the waiting process at', path, () =>
      host.wait.connect(path, 'seqpacket'),
    );
    if (socket === undefined)
      throw new Failure('status', `cannot start container "${id}": its process does not wait for start`);
    try {
      // Once the socket is gone nobody can start it twice; a start that is killed now ends the waiting process.
      await startWaiting(host, socket, record.startNotes, startAnswer(record, pid), () =>
        ask('remove', path, () => native.unlink(path)),
      );
    } catch (error) {
      await endInit(context, record);
      throw await explainStart(context, store, id, { error, cgroup, killsBefore });
    }
    watch.lap('start');
    try {
      await runPoststart(context, record);
      return undefined;
    } catch (error) {
      return { error };
    }
  } finally {
    lock.release();
  }
}

/** What is known of a failed start beyond its error: the limits of the cgroup, and the filter of the container's config. */
async function explainStart(
  { host }: Context,
  store: Store,
  id: string,
  failed: { readonly error: unknown; readonly cgroup: CgroupInUse | undefined; readonly killsBefore: number },
): Promise<unknown> {
  const { explainLimits } = await import('./explain-limits.ts');
  const { explainSeccomp } = await import('./explain-seccomp.ts');
  const { error, cgroup, killsBefore } = failed;
  const explained = cgroup === undefined ? error : explainLimits(host, cgroup, error, killsBefore);
  const config = parseJson(store.readConfig(id), store.configPath(id)) as Config;
  return explainSeccomp(config, explained);
}

/** A poststart hook that fails stops the container (runtime.md, Lifecycle, step 9). */
export async function runPoststart(context: Context, record: ContainerRecord): Promise<void> {
  if (record.poststart.length === 0 || record.init === undefined) return;
  const { runHooks } = await import('./hooks.ts');
  try {
    await runHooks(context, record.poststart, 'poststart', stateDocument(record, 'running', record.init.pid));
  } catch (error) {
    await endInit(context, record);
    throw error;
  }
}

/** Whoever hears that the start failed finds the container stopped. */
async function endInit({ host: { native, wait } }: Context, { init }: ContainerRecord): Promise<void> {
  const pidfd = init && openProcess(native, init);
  if (pidfd === undefined) return;
  try {
    native.pidfdSend(pidfd, SIGKILL);
    await wait.readable([pidfd], patience);
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error;
  } finally {
    native.close(pidfd);
  }
}
