import type { State } from '../../container/mod.ts';
import { messageOf } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { groupOf, peekConfig } from './bundle.ts';
import { newTask, watchMemory } from './create.ts';
import { noOptions, streamsFile } from './options.ts';
import type { TaskProcess } from './process.ts';
import type { Shim } from './shim.ts';
import type { StreamNames } from './stream-names.ts';
import type { Task } from './task.ts';

/** What is told of a process whose end nobody can be asked about. */
const unknownEnd = 255;
/** Milliseconds until whoever a process came to has reaped it, and between two looks. */
const reaping = 2000;
const look = 10;

/**
 * Takes over the containers of a group that live though their shim is gone. What cannot be taken over is told, and
 * left alone.
 */
export async function adoptTasks(shim: Shim, root: string, group: string): Promise<Task[]> {
  const context = { ...newTask(shim, {}, {}, { ...noOptions, root }).context };
  const adopted: Task[] = [];
  for (const state of await shim.containers.list(context)) {
    if (state.id !== group && groupOf(state.annotations) !== group) continue;
    try {
      const task = await adoptTask(shim, state, root);
      if (task !== undefined) adopted.push(task);
    } catch (error) {
      shim.warn(`container "${state.id}" could not be adopted: ${messageOf(error)}`);
    }
  }
  return adopted;
}

async function adoptTask(shim: Shim, state: State, root: string): Promise<Task | undefined> {
  const { native } = shim.host;
  const { id, bundle, pid, status } = state;
  if (status !== 'created' && status !== 'running' && status !== 'paused') return undefined;
  const config = peekConfig(native, bundle);
  const names = readNames(native, bundle);
  const task = newTask(shim, { id, bundle, ...names }, config, { ...noOptions, root });
  const { init } = task;
  const pidfd = openLiving(native, pid);
  if (pidfd === undefined) return undefined;
  init.made({ pid });
  if (status !== 'created') init.start();
  if (status === 'paused') task.freezing = 'paused';
  try {
    await takeOver(shim, task);
  } catch (error) {
    init.streams?.abandon();
    native.close(pidfd);
    throw error;
  }
  void watchEnd(shim, task, init, pidfd);
  return task;
}

/** Its streams, and want of memory. */
async function takeOver(shim: Shim, task: Task): Promise<void> {
  const { id, init } = task;
  init.streams = await shim.openStreams(shim.host, {
    names: init.names,
    owner: { uid: 0, gid: 0 },
    id,
    namespace: shim.namespace,
    adopted: init.pid,
    warn: (message) => shim.warn(message),
  });
  await init.streams.begin();
  watchMemory(shim, task);
}

function openLiving(native: Native, pid: number): number | undefined {
  try {
    return native.pidfdOpen(pid);
  } catch (error) {
    if (hasErrno(error, 'ESRCH', 'EINVAL')) return undefined;
    throw error;
  }
}

/** Nothing for what an older version has made: its output is nobody's then. */
function readNames(native: Native, bundle: string): Partial<StreamNames> {
  try {
    return JSON.parse(native.readText(`${bundle}/${streamsFile}`, 65_536)) as StreamNames;
  } catch {
    return {};
  }
}

/** It is not our child: the kernel tells how it has ended, once its new parent has reaped it. */
async function watchEnd(
  { host: { native, wait }, warn }: Shim,
  task: Task,
  init: TaskProcess,
  pidfd: number,
): Promise<void> {
  try {
    await wait.readable([pidfd], -1);
    let exit = native.pidfdExit(pidfd);
    for (let waited = 0; exit === undefined && waited < reaping; waited += look) {
      await wait.pause(look);
      exit = native.pidfdExit(pidfd);
    }
    if (exit === undefined)
      warn(`container "${task.id}" has ended, and this kernel does not tell how: told is ${unknownEnd}`);
    const status = exit === undefined ? unknownEnd : (exit.code ?? 128 + (exit.signal ?? 0));
    await task.exits.ended(init, { status, at: Date.now() });
  } finally {
    native.close(pidfd);
  }
}
