/** What containerd is told of on its own: the messages of its event service, and of the events of tasks. */
import type { Table } from '../../protobuf.ts';
import { any, mount, timestamp } from './messages.ts';

export const eventService = 'containerd.services.events.ttrpc.v1.Events';

export const forwardRequest = {
  envelope: [
    1,
    { timestamp: [1, timestamp], namespace: [2, 'string'], topic: [3, 'string'], event: [4, any] },
  ],
} as const satisfies Table;

const io = {
  stdin: [1, 'string'],
  stdout: [2, 'string'],
  stderr: [3, 'string'],
  terminal: [4, 'bool'],
} as const satisfies Table;

const execAdded = { container_id: [1, 'string'], exec_id: [2, 'string'] } as const satisfies Table;
const container = { container_id: [1, 'string'] } as const satisfies Table;

/** By topic: the message's type, and its fields. */
export const events = {
  '/tasks/create': {
    type: 'containerd.events.TaskCreate',
    table: {
      container_id: [1, 'string'],
      bundle: [2, 'string'],
      rootfs: [3, mount, 'many'],
      io: [4, io],
      checkpoint: [5, 'string'],
      pid: [6, 'uint32'],
    },
  },
  '/tasks/start': {
    type: 'containerd.events.TaskStart',
    table: { container_id: [1, 'string'], pid: [2, 'uint32'] },
  },
  '/tasks/exit': {
    type: 'containerd.events.TaskExit',
    table: {
      container_id: [1, 'string'],
      id: [2, 'string'],
      pid: [3, 'uint32'],
      exit_status: [4, 'uint32'],
      exited_at: [5, timestamp],
    },
  },
  '/tasks/delete': {
    type: 'containerd.events.TaskDelete',
    table: {
      container_id: [1, 'string'],
      pid: [2, 'uint32'],
      exit_status: [3, 'uint32'],
      exited_at: [4, timestamp],
      id: [5, 'string'],
    },
  },
  '/tasks/oom': { type: 'containerd.events.TaskOOM', table: container },
  '/tasks/exec-added': { type: 'containerd.events.TaskExecAdded', table: execAdded },
  '/tasks/exec-started': {
    type: 'containerd.events.TaskExecStarted',
    table: { ...execAdded, pid: [3, 'uint32'] },
  },
  '/tasks/paused': { type: 'containerd.events.TaskPaused', table: container },
  '/tasks/resumed': { type: 'containerd.events.TaskResumed', table: container },
  '/tasks/checkpointed': {
    type: 'containerd.events.TaskCheckpointed',
    table: { container_id: [1, 'string'], checkpoint: [2, 'string'] },
  },
} as const satisfies Record<string, { readonly type: string; readonly table: Table }>;

export type Topic = keyof typeof events;
