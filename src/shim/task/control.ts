import { messageOf } from '../../failure.ts';
import { hasErrno } from '../../host/native.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import { answerError } from './answer-error.ts';
import type { TaskProcess } from './process.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';

/**
 * Pids of a container whose process lives. Never empty: whoever finds a container without processes takes it for a
 * leftover.
 */
export async function processesOf({ containers, warn }: Shim, task: Task): Promise<readonly number[]> {
  try {
    const found = await containers.processes(task.context, task.id);
    return found.length > 0 ? found : [task.init.pid];
  } catch (error) {
    warn(`processes of container "${task.id}": ${messageOf(error)}`);
    return [task.init.pid];
  }
}

/** Pause and Resume. Throws `StatusError`. */
export function freeze(
  { containers, publisher }: Shim,
  task: Task,
  pause: boolean,
): Promise<Readonly<Record<string, never>>> {
  return task.queue.run(async () => {
    const before = task.freezing;
    if (pause) task.freezing = 'pausing';
    try {
      await (pause ? containers.pause : containers.resume)(task.context, task.id);
    } catch (error) {
      task.freezing = before;
      throw answerError(`OCI runtime ${pause ? 'pause' : 'resume'} failed`, error);
    }
    task.freezing = pause ? 'paused' : 'no';
    publisher.publish(pause ? '/tasks/paused' : '/tasks/resumed', { container_id: task.id });
    return {};
  });
}

/** Kill: waits for nothing and nobody. Throws `StatusError`: `notFound` for a process that has ended. */
export async function killProcess(
  { containers, host }: Shim,
  task: Task,
  process: TaskProcess,
  { signal = 0, all = false }: { readonly signal?: number; readonly all?: boolean },
): Promise<void> {
  if (process.ended !== undefined) throw new StatusError(codes.notFound, 'process already finished');
  if (process.pid === 0) throw new StatusError(codes.failedPrecondition, 'process not created');
  try {
    if (process === task.init) await containers.kill(task.context, task.id, signal, { all });
    // Not reaped yet, and so nobody else's number.
    else host.native.kill(process.pid, signal);
  } catch (error) {
    // It ended meanwhile, and is not reaped yet.
    if (hasErrno(error, 'ESRCH') || /^container not running/.test(messageOf(error)))
      throw new StatusError(codes.notFound, 'process already finished', { cause: error });
    throw answerError('', error);
  }
}
