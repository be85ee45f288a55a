import { codes, StatusError } from '../ttrpc/status.ts';
import { answerError } from './answer-error.ts';
import { contextOf } from './create.ts';
import type { Deleted } from './messages.ts';
import type { TaskProcess } from './process.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';
import { timestampOf } from './timestamp.ts';

/** Milliseconds that output may take to arrive after the end: a child that was left behind may keep it open. */
const drain = 10_000;

function requireEnded(process: TaskProcess): void {
  if (process.started && process.toldEnd === undefined)
    throw new StatusError(codes.unknown, 'cannot delete a running process');
}

function answerOf({ pid, ended }: TaskProcess): Deleted {
  return {
    pid,
    exit_status: ended?.status ?? 0,
    ...(ended !== undefined && { exited_at: timestampOf(ended.at) }),
  };
}

/** Delete of an exec's process: it is forgotten. Throws `StatusError`. */
export async function deleteExec(process: TaskProcess): Promise<Deleted> {
  requireEnded(process);
  await process.streams?.finish(drain);
  return answerOf(process);
}

/**
 * Delete of a container: ends what is left of it, waits for the rest of its output, and unmounts its root filesystem.
 * What fails can be asked for again. Throws `StatusError`.
 */
export async function deleteTask(shim: Shim, task: Task): Promise<Deleted> {
  const { init } = task;
  requireEnded(init);
  try {
    await shim.containers.remove(contextOf(task, init), task.id, { force: true });
    if (init.pid !== 0) await init.exited;
    task.memory?.finish();
    await Promise.all([init, ...task.execs.values()].map(({ streams }) => streams?.finish(drain)));
    await shim.unmountRootfs(shim.host, task.bundle);
  } catch (error) {
    throw answerError('OCI runtime delete failed', error);
  }
  const deleted = answerOf(init);
  shim.publisher.publish('/tasks/delete', { container_id: task.id, ...deleted });
  return deleted;
}
