/** The messages of containerd's Task service, by the names of its .proto files; versions 2 and 3 have the same. */
import type { MessageOf, Table } from '../../protobuf.ts';
import { any } from '../ttrpc/messages.ts';

export { any } from '../ttrpc/messages.ts';

export const services = ['containerd.task.v2.Task', 'containerd.task.v3.Task'] as const;

/** Seconds and nanoseconds since 1970. */
export const timestamp = { seconds: [1, 'int64'], nanos: [2, 'int32'] } as const satisfies Table;

export const mount = {
  type: [1, 'string'],
  source: [2, 'string'],
  target: [3, 'string'],
  options: [4, 'string', 'many'],
} as const satisfies Table;

/** Of a task, as the State method tells it. */
export const statuses = { unknown: 0, created: 1, running: 2, stopped: 3, paused: 4, pausing: 5 } as const;

const empty = {} as const satisfies Table;
/** An empty `exec_id` is the container's own process. */
const process = { id: [1, 'string'], exec_id: [2, 'string'] } as const satisfies Table;
const container = { id: [1, 'string'] } as const satisfies Table;

const state = {
  id: [1, 'string'],
  bundle: [2, 'string'],
  pid: [3, 'uint32'],
  status: [4, 'int32'],
  stdin: [5, 'string'],
  stdout: [6, 'string'],
  stderr: [7, 'string'],
  terminal: [8, 'bool'],
  exit_status: [9, 'uint32'],
  exited_at: [10, timestamp],
  exec_id: [11, 'string'],
} as const satisfies Table;

const create = {
  id: [1, 'string'],
  bundle: [2, 'string'],
  rootfs: [3, mount, 'many'],
  terminal: [4, 'bool'],
  stdin: [5, 'string'],
  stdout: [6, 'string'],
  stderr: [7, 'string'],
  checkpoint: [8, 'string'],
  parent_checkpoint: [9, 'string'],
  options: [10, any],
} as const satisfies Table;

const pid = { pid: [1, 'uint32'] } as const satisfies Table;

export const deleteResponse = {
  pid: [1, 'uint32'],
  exit_status: [2, 'uint32'],
  exited_at: [3, timestamp],
} as const satisfies Table;
/** What Delete answers. */
export type Deleted = MessageOf<typeof deleteResponse>;

const exec = {
  id: [1, 'string'],
  exec_id: [2, 'string'],
  terminal: [3, 'bool'],
  stdin: [4, 'string'],
  stdout: [5, 'string'],
  stderr: [6, 'string'],
  spec: [7, any],
} as const satisfies Table;

/** Beside the pid of a process that an exec started. */
export const processDetails = { exec_id: [1, 'string'] } as const satisfies Table;

export const methods = {
  State: { request: process, response: state },
  Create: { request: create, response: pid },
  Start: { request: process, response: pid },
  Delete: { request: process, response: deleteResponse },
  Pids: {
    request: container,
    response: { processes: [1, { pid: [1, 'uint32'], info: [2, any] }, 'many'] },
  },
  Pause: { request: container, response: empty },
  Resume: { request: container, response: empty },
  Checkpoint: { request: { id: [1, 'string'], path: [2, 'string'], options: [3, any] }, response: empty },
  Kill: {
    request: { id: [1, 'string'], exec_id: [2, 'string'], signal: [3, 'uint32'], all: [4, 'bool'] },
    response: empty,
  },
  Exec: { request: exec, response: empty },
  ResizePty: {
    request: { id: [1, 'string'], exec_id: [2, 'string'], width: [3, 'uint32'], height: [4, 'uint32'] },
    response: empty,
  },
  CloseIO: { request: { id: [1, 'string'], exec_id: [2, 'string'], stdin: [3, 'bool'] }, response: empty },
  Update: {
    request: {
      id: [1, 'string'],
      resources: [2, any],
      annotations: [3, { key: [1, 'string'], value: [2, 'string'] }, 'many'],
    },
    response: empty,
  },
  Wait: { request: process, response: { exit_status: [1, 'uint32'], exited_at: [2, timestamp] } },
  Stats: { request: container, response: { stats: [1, any] } },
  Connect: {
    request: container,
    response: { shim_pid: [1, 'uint32'], task_pid: [2, 'uint32'], version: [3, 'string'] },
  },
  Shutdown: { request: { id: [1, 'string'], now: [2, 'bool'] }, response: empty },
} as const satisfies Record<string, { readonly request: Table; readonly response: Table }>;

export type Methods = typeof methods;
