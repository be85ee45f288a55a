import { messageOf } from '../../failure.ts';
import { decodeMessage, encodeMessage, type MessageOf, type Table } from '../../protobuf.ts';
import { statsOf } from '../metrics/stats.ts';
import type { Handler, Services } from '../ttrpc/server.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import { adoptTasks } from './adopt.ts';
import { answerError } from './answer-error.ts';
import { checkpointTask } from './checkpoint.ts';
import { freeze, killProcess, processesOf } from './control.ts';
import { createTask } from './create.ts';
import { deleteExec, deleteTask } from './delete.ts';
import { type Deleted, type Methods, methods, processDetails, services, statuses } from './messages.ts';
import { TaskProcess } from './process.ts';
import type { Shim } from './shim.ts';
import { processSpec, startExec, startInit } from './start.ts';
import { processOf, type Task } from './task.ts';
import { timestampOf } from './timestamp.ts';

type Request<M extends keyof Methods> = MessageOf<Methods[M]['request']>;
type Response<M extends keyof Methods> = MessageOf<Methods[M]['response']>;
type Answers = { readonly [M in keyof Methods]: (request: Request<M>) => Promise<Response<M>> };

const processUrl = 'containerd.runc.v1.ProcessDetails';
/** So many answers of Delete are kept for callers who gave up before they came, and ask again. */
const keptDeletions = 256;

/** containerd's Task service, for all containers of a shim. */
export class TaskService {
  readonly #shim: Shim;
  readonly #tasks = new Map<string, Task>();
  /** Ids of containers that are being made. */
  readonly #making = new Set<string>();
  /** What Delete answered, by container and exec. */
  readonly #deleted = new Map<string, Deleted>();
  readonly #answers: Answers = {
    State: async (request) => this.#state(request),
    Create: (request) => this.#create(request),
    Start: (request) => this.#start(request),
    Delete: (request) => this.#delete(request),
    Pids: (request) => this.#pids(request),
    Pause: ({ id }) => freeze(this.#shim, this.#task(id), true),
    Resume: ({ id }) => freeze(this.#shim, this.#task(id), false),
    Checkpoint: (request) => this.#checkpoint(request),
    Kill: async (request) => {
      const { task, process } = this.#process(request);
      await killProcess(this.#shim, task, process, request);
      return {};
    },
    Exec: async (request) => this.#exec(request),
    ResizePty: async (request) => this.#resize(request),
    CloseIO: async (request) => this.#closeInput(request),
    Update: (request) => this.#update(request),
    Wait: (request) => this.#wait(request),
    Stats: (request) => statsOf(this.#shim, this.#task(request.id)),
    Connect: async ({ id = '' }) => ({
      shim_pid: this.#shim.host.native.processId(),
      task_pid: this.#tasks.get(id)?.init.pid ?? 0,
      version: this.#shim.version,
    }),
    Shutdown: async () => {
      if (this.isEmpty) this.#shim.shutdown();
      return {};
    },
  };

  constructor(shim: Shim) {
    this.#shim = shim;
  }

  /** It has no container, and none is being made. */
  get isEmpty(): boolean {
    return this.#tasks.size === 0 && this.#making.size === 0;
  }

  /** Takes over what lives of a group whose shim is gone; `root` is without the namespace. */
  async adopt(root: string, group: string): Promise<void> {
    for (const task of await adoptTasks(this.#shim, root, group)) this.#tasks.set(task.id, task);
  }

  /** What is here, for whoever asks by a signal. */
  describe(): string {
    const lines = [...this.#tasks.values()].map(
      ({ id, init, execs }) => `${id}: pid ${init.pid}, ${init.status}, ${execs.size} execs`,
    );
    return [`${this.#tasks.size} containers`, ...lines].join('; ');
  }

  /** The methods, under the names of each version. */
  services(): Services {
    const handlers = new Map<string, Handler>();
    for (const name of Object.keys(methods) as (keyof Methods)[])
      handlers.set(name, handlerOf(methods[name], this.#answers[name] as Answer));
    return new Map(services.map((name) => [name, handlers]));
  }

  #task(id = ''): Task {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new StatusError(codes.notFound, `container "${id}" is not known here`);
    return task;
  }

  #process(request: { readonly id?: string; readonly exec_id?: string }): {
    readonly task: Task;
    readonly process: TaskProcess;
  } {
    const task = this.#task(request.id);
    const process = processOf(task, request.exec_id);
    if (process === undefined)
      throw new StatusError(codes.notFound, `process "${request.exec_id}" of container "${task.id}"`);
    return { task, process };
  }

  #state(request: Request<'State'>): Response<'State'> {
    const { task, process } = this.#process(request);
    const { stdin, stdout, stderr, terminal } = process.names;
    const ended = process.toldEnd;
    const status = ended === undefined && process.status === 'stopped' ? 'running' : process.status;
    return {
      id: process.execId === '' ? task.id : process.execId,
      bundle: task.bundle,
      pid: process.pid,
      status: status === 'running' && task.freezing !== 'no' ? statuses[task.freezing] : statuses[status],
      stdin,
      stdout,
      stderr,
      terminal,
      ...(ended !== undefined && { exit_status: ended.status, exited_at: timestampOf(ended.at) }),
    };
  }

  async #create(request: Request<'Create'>): Promise<Response<'Create'>> {
    const { id = '' } = request;
    if (this.#tasks.has(id) || this.#making.has(id))
      throw new StatusError(codes.alreadyExists, `container "${id}"`);
    this.#making.add(id);
    try {
      const task = await createTask(this.#shim, request);
      this.#tasks.set(id, task);
      for (const key of this.#deleted.keys()) if (key.startsWith(`${id}/`)) this.#deleted.delete(key);
      return { pid: task.init.pid };
    } finally {
      this.#making.delete(id);
    }
  }

  async #start(request: Request<'Start'>): Promise<Response<'Start'>> {
    const { task, process } = this.#process(request);
    if (process === task.init) await task.queue.run(() => startInit(this.#shim, task));
    else await startExec(this.#shim, task, process);
    return { pid: process.pid };
  }

  async #delete(request: Request<'Delete'>): Promise<Response<'Delete'>> {
    const { id = '', exec_id: execId = '' } = request;
    const key = `${id}/${execId}`;
    const before = this.#deleted.get(key);
    if (before !== undefined) return before;
    const { task, process } = this.#process(request);
    // Whoever comes while another's call is at it gets that one's answer.
    process.deletion ??= (
      process === task.init ? task.queue.run(() => deleteTask(this.#shim, task)) : deleteExec(process)
    ).finally(() => {
      process.deletion = undefined;
    });
    const deleted = await process.deletion;
    if (process === task.init) this.#tasks.delete(id);
    else task.execs.delete(execId);
    this.#deleted.set(key, deleted);
    for (const old of this.#deleted.keys()) {
      if (this.#deleted.size <= keptDeletions) break;
      this.#deleted.delete(old);
    }
    return deleted;
  }

  async #pids({ id }: Request<'Pids'>): Promise<Response<'Pids'>> {
    const task = this.#task(id);
    const execs = new Map([...task.execs.values()].map(({ pid, execId }) => [pid, execId]));
    const { init } = task;
    const found = init.ended === undefined && init.pid !== 0 ? await processesOf(this.#shim, task) : [];
    return {
      processes: found.map((pid) => {
        const execId = execs.get(pid);
        if (execId === undefined) return { pid };
        return {
          pid,
          info: { type_url: processUrl, value: encodeMessage(processDetails, { exec_id: execId }) },
        };
      }),
    };
  }

  #checkpoint(request: Request<'Checkpoint'>): Promise<Response<'Checkpoint'>> {
    const task = this.#task(request.id);
    return task.queue.run(async () => {
      await checkpointTask(this.#shim, task, request.path ?? '', request.options);
      return {};
    });
  }

  #exec(request: Request<'Exec'>): Response<'Exec'> {
    const task = this.#task(request.id);
    const { exec_id: execId = '', stdin = '', stdout = '', stderr = '', terminal = false, spec } = request;
    if (execId === '') throw new StatusError(codes.invalidArgument, 'an exec needs an id');
    if (task.execs.has(execId)) throw new StatusError(codes.alreadyExists, `exec "${execId}"`);
    if (task.freezing !== 'no') throw new StatusError(codes.unknown, 'cannot exec in a paused container');
    if (task.init.ended !== undefined)
      throw new StatusError(codes.unknown, 'cannot exec in a stopped container: container not running');
    let process: TaskProcess;
    try {
      const names = { stdin, stdout, stderr, terminal };
      process = new TaskProcess(execId, names, processSpec(spec?.value ?? new Uint8Array(0), terminal));
    } catch (error) {
      throw answerError('OCI runtime exec failed', error);
    }
    task.execs.set(execId, process);
    this.#deleted.delete(`${task.id}/${execId}`);
    this.#shim.publisher.publish('/tasks/exec-added', { container_id: task.id, exec_id: execId });
    return {};
  }

  #resize(request: Request<'ResizePty'>): Response<'ResizePty'> {
    const { task, process } = this.#process(request);
    if (process !== task.init && process.ended !== undefined)
      throw new StatusError(codes.unknown, 'cannot resize a stopped process');
    if (process.ended === undefined) process.streams?.resize(request.width ?? 0, request.height ?? 0);
    return {};
  }

  #closeInput(request: Request<'CloseIO'>): Response<'CloseIO'> {
    const { process } = this.#process(request);
    if (request.stdin === true) process.streams?.closeStdin();
    return {};
  }

  #update(request: Request<'Update'>): Promise<Response<'Update'>> {
    const task = this.#task(request.id);
    return task.queue.run(async () => {
      try {
        const text = new TextDecoder().decode(request.resources?.value ?? new Uint8Array(0));
        const resources: unknown = JSON.parse(text === '' ? '{}' : text);
        await this.#shim.containers.update(task.context, task.id, { resources });
      } catch (error) {
        throw answerError('OCI runtime update failed', error);
      }
      return {};
    });
  }

  async #wait(request: Request<'Wait'>): Promise<Response<'Wait'>> {
    const { process } = this.#process(request);
    const { status, at } = await process.exited;
    return { exit_status: status, exited_at: timestampOf(at) };
  }
}

type Answer = (request: never) => Promise<object>;

function handlerOf(tables: { readonly request: Table; readonly response: Table }, answer: Answer): Handler {
  return async (payload) => {
    let request: unknown;
    try {
      request = decodeMessage(tables.request, payload);
    } catch (error) {
      throw new StatusError(codes.internal, messageOf(error), { cause: error });
    }
    return encodeMessage(tables.response, await answer(request as never));
  };
}
