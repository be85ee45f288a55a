/** A shim on a machine that is not there, for the tests of its Task service. */
import type { Context } from '../../../src/container/mod.ts';
import { Failure } from '../../../src/failure.ts';
import type { Host } from '../../../src/host/host.ts';
import type { Native } from '../../../src/host/native.ts';
import { decodeMessage, encodeMessage, type MessageOf } from '../../../src/protobuf.ts';
import { type Methods, methods, services } from '../../../src/shim/task/messages.ts';
import { TaskService } from '../../../src/shim/task/service.ts';
import type { Containers, Shim } from '../../../src/shim/task/shim.ts';
import { StatusError } from '../../../src/shim/ttrpc/status.ts';
import { systemError } from '../launch/fake-stub.ts';
import { nowhere, pauses } from '../waits.ts';

/** A machine on which containers are names, and processes numbers. */
export class Fake {
  /** What happened, in order: calls of the lifecycle, and events. */
  readonly log: string[] = [];
  readonly contexts = new Map<number, Context>();
  config: object = { linux: { namespaces: [{ type: 'pid' }] } };
  fail: string | undefined;
  /** Calls of the lifecycle that wait for {@link release}. */
  held: string | undefined;
  #release = (): void => undefined;
  #pid = 100;
  ended = false;
  streams: string[] = [];
  readonly files: string[] = [];
  /** Somebody counts those who were killed for want of memory. */
  memory = false;
  readonly kills: number[] = [];
  wake = (): void => undefined;

  release(): void {
    this.held = undefined;
    this.#release();
  }

  /** A process ends. */
  exit(pid: number, code: number | undefined, signal?: number): void {
    this.contexts.get(pid)?.onExit?.({ id: 'c', pid, code, signal });
  }

  async #call(name: string): Promise<void> {
    this.log.push(name);
    if (this.held === name)
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    if (this.fail === name) throw new Failure('system', `${name} went wrong`, { hint: 'try again' });
  }

  async #make(name: string, context: Context): Promise<{ readonly pid: number }> {
    await this.#call(name);
    const pid = ++this.#pid;
    this.contexts.set(pid, context);
    return { pid };
  }

  readonly containers = {
    create: (context: Context) => this.#make('create', context),
    exec: (context: Context) => this.#make('exec', context),
    start: () => this.#call('start'),
    pause: () => this.#call('pause'),
    resume: () => this.#call('resume'),
    remove: () => this.#call('remove'),
    update: (_: Context, __: string, { resources }: { readonly resources: unknown }) =>
      this.#call(`update ${JSON.stringify(resources)}`),
    kill: (_: Context, __: string, signal: number, { all }: { readonly all: boolean }) =>
      this.#call(`kill ${signal}${all ? ' all' : ''}`),
    processes: async () => [101, 102, 700],
    watchOutOfMemory: () =>
      this.memory
        ? { descriptor: 8, take: () => this.kills.splice(0).length, close: () => undefined }
        : undefined,
  } as unknown as Containers;

  shim(): Shim {
    const native = {
      readText: () => JSON.stringify(this.config),
      status: () => undefined,
      createFile: (path: string) => void this.files.push(path),
      unlink: (path: string) => {
        const index = this.files.indexOf(path);
        if (index < 0) throw systemError('ENOENT', 2);
        this.files.splice(index, 1);
      },
      eventDescriptor: () => 9,
      write: () => this.wake(),
      close: () => undefined,
      userId: () => 0,
      processId: () => 42,
      kill: (pid: number, signal: number) => void this.log.push(`signal ${signal} to ${pid}`),
    } as unknown as Native;
    return {
      host: {
        ...nowhere,
        native,
        wait: {
          ...pauses,
          readable: () =>
            new Promise((resolve) => {
              this.wake = () => resolve([8]);
            }),
        },
      } as Host,
      containers: this.containers,
      namespace: 'n',
      version: '1',
      tellsByFile: true,
      publisher: {
        publish: (topic, event) => {
          const { exec_id, id, exit_status } = event as {
            exec_id?: string;
            id?: string;
            exit_status?: number;
          };
          this.log.push(
            [topic, exec_id ?? id, exit_status]
              .filter((each) => each !== undefined)
              .join(' ')
              .trim(),
          );
        },
        flushed: async () => undefined,
      },
      environment: () => [],
      warn: (message) => void this.log.push(`warning: ${message}`),
      openStreams: async () => ({
        descriptors: [0, 1, 2],
        begin: async () => void this.streams.push('begin'),
        abandon: () => void this.streams.push('abandon'),
        resize: (width, height) => void this.streams.push(`${width}×${height}`),
        closeStdin: () => void this.streams.push('close'),
        ended: () => void this.streams.push('ended'),
        finish: async () => void this.streams.push('finish'),
      }),
      mountRootfs: async () => void this.log.push('mount'),
      unmountRootfs: async () => void this.log.push('unmount'),
      shutdown: () => {
        this.ended = true;
      },
    };
  }
}

/** Calls a method of the service as containerd does, by its messages. */
type Call = <M extends keyof Methods>(
  method: M,
  request: MessageOf<Methods[M]['request']>,
) => Promise<MessageOf<Methods[M]['response']>>;

export function open(): { readonly fake: Fake; readonly call: Call } {
  const fake = new Fake();
  const service = new TaskService(fake.shim()).services().get(services[1]);
  return {
    fake,
    call: async (method, request) => {
      const handler = service?.get(method);
      if (handler === undefined) throw new Error(`no method ${method}`);
      const tables = methods[method];
      return decodeMessage(
        tables.response,
        await handler(encodeMessage(tables.request, request as never)),
      ) as never;
    },
  };
}

/** Code and words of a refusal. */
export async function refused(promise: Promise<unknown>): Promise<readonly [number, string]> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return [error.code, error.message];
    throw error;
  }
  throw new Error('it was not refused');
}

/** What is on its way arrives. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
export const container = { id: 'c', bundle: '/b' };
