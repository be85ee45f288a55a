import type { Context } from '../../container/mod.ts';
import type { Queue } from '../queue.ts';
import type { IdMappings } from './bundle.ts';
import type { Exits } from './exits.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { TaskOptions } from './options.ts';
import type { TaskProcess } from './process.ts';

/** How a container is known from its making on. */
export interface TaskFacts {
  readonly id: string;
  readonly bundle: string;
  readonly options: TaskOptions;
  /** Restored from there when it is started; empty for a new one. */
  readonly checkpoint: string;
}

/** One container of this shim. */
export interface Task extends TaskFacts {
  readonly init: TaskProcess;
  /** Of its user namespace. */
  readonly mappings: IdMappings;
  readonly execs: Map<string, TaskProcess>;
  /** With what its container is worked on. */
  readonly context: Context;
  /** What changes the container waits here, one call after another; what looks at it, and signals, do not. */
  readonly queue: Queue;
  readonly exits: Exits;
  memory: MemoryWatch | undefined;
  freezing: 'no' | 'pausing' | 'paused';
}

/** By the id of an exec; the container's own for none. */
export function processOf(task: Task, execId = ''): TaskProcess | undefined {
  return execId === '' ? task.init : task.execs.get(execId);
}
