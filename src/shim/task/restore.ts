import { criuDefaults } from '../../container/checkpoint/criu-choices.ts';
import type { Table } from '../../protobuf.ts';
import { contextOf } from './create.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';

/** `containerd.runc.v1.CheckpointOptions`. */
export const checkpointOptions = {
  exit: [1, 'bool'],
  open_tcp: [2, 'bool'],
  external_unix_sockets: [3, 'bool'],
  terminal: [4, 'bool'],
  file_locks: [5, 'bool'],
  empty_namespaces: [6, 'string', 'many'],
  cgroups_mode: [7, 'string'],
  image_path: [8, 'string'],
  work_path: [9, 'string'],
  parent_path: [10, 'string'],
} as const satisfies Table;

/** Start of a container that is made from a checkpoint. */
export async function restoreTask(shim: Shim, task: Task): Promise<void> {
  const { id, bundle, options, init, checkpoint } = task;
  const made = await shim.containers.restore(contextOf(task, init), {
    id,
    bundle,
    pidFile: `${bundle}/init.pid`,
    detach: false,
    imagePath: checkpoint,
    workPath: options.criuWork || `${bundle}/work`,
    ...criuDefaults,
    ...(init.streams?.descriptors !== undefined && { streams: init.streams.descriptors }),
  });
  init.made(made);
  await init.streams?.begin(made.terminal);
}
