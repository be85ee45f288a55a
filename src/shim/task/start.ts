import { Failure } from '../../failure.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import { answerError } from './answer-error.ts';
import { ownerOf } from './bundle.ts';
import { contextOf, watchMemory } from './create.ts';
import type { TaskProcess } from './process.ts';
import { restoreTask } from './restore.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';

/** What those who wait are told of a process that never came to be. */
const neverStarted = 255;

/** Start of the container's own process. Throws `StatusError`. */
export async function startInit(shim: Shim, task: Task): Promise<void> {
  const { init } = task;
  if (init.ended !== undefined)
    throw new StatusError(codes.unknown, 'cannot start a stopped process: container not running');
  if (init.started) throw new StatusError(codes.unknown, 'cannot start a running process');
  const settle = task.exits.starting(init);
  try {
    if (task.checkpoint === '') await shim.containers.start(task.context, task.id);
    else {
      await restoreTask(shim, task);
      watchMemory(shim, task);
    }
  } catch (error) {
    settle(false);
    throw answerError('OCI runtime start failed', error);
  }
  init.start();
  shim.publisher.publish('/tasks/start', { container_id: task.id, pid: init.pid });
  settle(true);
}

/** Start of a process that an exec has registered. Throws `StatusError`. */
export async function startExec(shim: Shim, task: Task, process: TaskProcess): Promise<void> {
  const { init } = task;
  if (init.ended !== undefined)
    throw new StatusError(codes.failedPrecondition, `container ${task.id} init process is not running`);
  if (process.started || process.ended !== undefined || process.streams !== undefined)
    throw new StatusError(codes.unknown, 'cannot start a running process');
  const settle = task.exits.starting(process);
  try {
    await makeExec(shim, task, process);
  } catch (error) {
    abandon(process);
    settle(false);
    process.end({ status: neverStarted, at: Date.now() });
    process.tellEnd();
    throw answerError('OCI runtime exec failed', error);
  }
  process.start();
  shim.publisher.publish('/tasks/exec-started', {
    container_id: task.id,
    exec_id: process.execId,
    pid: process.pid,
  });
  settle(true);
}

function abandon({ streams }: TaskProcess): void {
  streams?.abandon();
}

async function makeExec(shim: Shim, task: Task, process: TaskProcess): Promise<void> {
  const { userId, groupId } = task.options;
  const { user } = process.spec as { readonly user?: { readonly uid?: number; readonly gid?: number } };
  const owner = ownerOf(user, task.mappings);
  const streams = await shim.openStreams(shim.host, {
    names: process.names,
    owner: { uid: userId ?? owner.uid, gid: groupId ?? owner.gid },
    id: task.id,
    namespace: shim.namespace,
    warn: (message) => shim.warn(message),
  });
  process.streams = streams;
  const made = await shim.containers.exec(contextOf(task, process), task.id, {
    process: process.spec,
    tty: false,
    detach: false,
    preserveFds: 0,
    ignorePaused: false,
    ...(streams.descriptors !== undefined && { streams: streams.descriptors }),
  });
  process.made(made);
  task.exits.add(process);
  await streams.begin(made.terminal);
}

/** The text of an exec's `process`, with the terminal that the request asks for. Throws `Failure` (`invalid`). */
export function processSpec(value: Uint8Array, terminal: boolean): unknown {
  let spec: unknown;
  try {
    spec = JSON.parse(new TextDecoder().decode(value));
  } catch (cause) {
    throw new Failure('invalid', 'the process to execute is not JSON', { cause });
  }
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw new Failure('invalid', 'the process to execute is not an object');
  return { ...spec, terminal };
}
