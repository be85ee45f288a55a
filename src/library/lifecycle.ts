import { criuDefaults } from '../container/checkpoint/criu-choices.ts';
import * as container from '../container/mod.ts';
import { openProcess, type ProcessIdentity } from '../container/process/process-identity.ts';
import type { ContainerRecord } from '../container/record/record.ts';
import { Store } from '../container/record/store.ts';
import type { CreateOptions, ExecOptions, Foreground, ProcessExit } from '../container/types.ts';
import { defined } from '../defined.ts';
import { Failure, messageOf } from '../failure.ts';
import { signalNumber } from '../host/signal-number.ts';
import type { Runtime } from './runtime.ts';
import { type StartedProcess, startProcess } from './started.ts';
import type { Streams } from './streams.ts';
import { spoken } from './words.ts';

/** Options of which all but these have a default. */
type WithDefaults<Options, Needed extends keyof Options = never> = Partial<
  Omit<Options, Needed | 'streams'>
> &
  Pick<Options, Needed> & {
    /** Where standard input, output and error lead; `inherit` unless given. */
    readonly streams?: Streams;
  };

/** What `create` takes: an id, a bundle, and what is to differ from the defaults. */
export type NewContainer = WithDefaults<
  Omit<CreateOptions, 'relaysTerminal' | 'takesTerminal' | 'notifySocket'>,
  'id' | 'bundle'
>;
/** What `run` takes. */
export interface RunContainer extends NewContainer {
  /** Leave the container, stopped, when its process has ended; it is removed otherwise. */
  readonly keep?: boolean;
}
/** What `exec` takes. */
export type NewProcess = WithDefaults<Omit<ExecOptions, 'relaysTerminal' | 'detach'>>;
/** What `checkpoint` takes. */
export type Checkpoint = WithDefaults<container.CheckpointOptions, 'imagePath'>;
/** What `restore` takes. */
export type Restore = WithDefaults<
  Omit<container.RestoreOptions, 'relaysTerminal' | 'detach' | 'streams'>,
  'id' | 'bundle' | 'imagePath'
>;

/** Of what `create`, `run` and `planFor` take. */
export const createDefaults = { noPivot: false, noNewKeyring: false, preserveFds: 0 } as const;
const execDefaults = { tty: false, detach: false, preserveFds: 0, ignorePaused: false } as const;

/** What is recorded of a container; undefined without a record. */
function recordOf({ host, root }: Runtime, id: string): ContainerRecord | undefined {
  return new Store(host.native, root).tryRead(id);
}

/** Starts a container's first process and remembers its end for `wait`. */
async function startInit(
  runtime: Runtime,
  id: string,
  streams: Streams | undefined,
  start: (context: Runtime, descriptors: readonly [number, number, number]) => Promise<Foreground>,
): Promise<StartedProcess> {
  const started = await startProcess(runtime, id, streams, (context, { descriptors }) =>
    start(context, descriptors),
  );
  const { pid, exited } = started;
  runtime.tracked.set(id, { pid, ended: exited, exited });
  return started;
}

/**
 * Makes the container of a bundle; its process waits for `start`. The handle has the process's end, its streams, and,
 * with `process.terminal` and no `consoleSocket`, its terminal.
 *
 * Throws `Failure`: `invalid` for bad input, with nothing changed; `exists`; `unsupported`; `system`, `hook` and
 * `exec` for what failed on the way, with everything undone.
 */
export const create = spoken((runtime: Runtime, options: NewContainer): Promise<StartedProcess> => {
  const { streams, ...others } = options;
  return startInit(runtime, options.id, streams, (context, descriptors) =>
    container.create(context, {
      ...createDefaults,
      ...defined(others),
      streams: descriptors,
      takesTerminal: true,
    }),
  );
});

/**
 * Creates and starts a container in one go. When its process has ended the container is removed, unless `keep` is
 * true, and only then `exited` tells so. What goes wrong in that removal is a warning.
 *
 * Throws `Failure` as `create` and `start` do; the container is gone then.
 */
export const run = spoken(async (runtime: Runtime, options: RunContainer): Promise<StartedProcess> => {
  const { streams, keep = false, ...others } = options;
  const { id } = options;
  const started = await startInit(runtime, id, streams, (context, descriptors) =>
    container.run(context, {
      ...createDefaults,
      ...defined(others),
      streams: descriptors,
      detach: false,
      keep,
    }),
  );
  if (keep) return started;
  const init = recordOf(runtime, id)?.init;
  const exited = started.exited.then(async (exit) => {
    await removeEnded(runtime, id, init);
    return exit;
  });
  const tracked = runtime.tracked.get(id);
  if (tracked?.pid === started.pid) runtime.tracked.set(id, { ...tracked, exited });
  return { ...started, exited };
});

/** Removes the container of a process that has ended, not another that has its name by now. */
async function removeEnded(runtime: Runtime, id: string, init: ProcessIdentity | undefined): Promise<void> {
  try {
    const now = recordOf(runtime, id)?.init;
    if (now === undefined || now.pid !== init?.pid || now.startTime !== init.startTime) return;
    await remove(runtime, id, { force: true });
  } catch (error) {
    runtime.warn(`container "${id}" has ended and was not removed: ${messageOf(error)}`);
  }
}

/**
 * Starts one more process in a running container: a command, or options that hold it. The handle has its end, its
 * streams, and with `tty` its terminal.
 *
 * Throws `Failure`: `not-found`, `status`, `invalid`, `exec` when the program cannot be executed, `system`.
 */
export const exec = spoken(
  (runtime: Runtime, id: string, command: readonly string[] | NewProcess): Promise<StartedProcess> => {
    const options: NewProcess = isCommand(command) ? { args: command } : command;
    const { streams, ...others } = options;
    return startProcess(runtime, id, streams, (context, { descriptors }) =>
      container.exec(context, id, { ...execDefaults, ...defined(others), streams: descriptors }),
    );
  },
);

function isCommand(command: readonly string[] | NewProcess): command is readonly string[] {
  return Array.isArray(command);
}

/** Starts the program of a created container. Throws `Failure`: `not-found`, `status`, `exec`, `hook`, `system`. */
export const start = spoken(async (runtime: Runtime, id: string): Promise<void> => {
  try {
    await container.start(runtime, id);
  } catch (error) {
    // A failed start may have removed it.
    if (recordOf(runtime, id) === undefined) runtime.tracked.delete(id);
    throw error;
  }
});

/**
 * Sends a signal, by number or by name and TERM unless given, to the container's process, or with `all` to all of its
 * processes.
 *
 * Throws `Failure`: `invalid` for a signal that is not known, `not-found`, `status` when it has ended.
 */
export const kill = spoken(
  async (
    runtime: Runtime,
    id: string,
    signal: number | string = 'TERM',
    { all = false }: { readonly all?: boolean } = {},
  ): Promise<void> => container.kill(runtime, id, signalNumber(String(signal)), { all }),
);

/**
 * Removes a stopped container, or one that `run` or `create` has left; with `force` also one that still runs, which
 * is killed, and one that is not there. What was started here is reaped when it comes back.
 *
 * Throws `Failure`: `not-found`, `status` when it runs and `force` is not given, `system`.
 */
export const remove = spoken(
  async (
    runtime: Runtime,
    id: string,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<void> => {
    const before = runtime.tracked.get(id);
    await container.remove(runtime, id, { force });
    await before?.ended;
    // Another may have been made of that name meanwhile.
    if (runtime.tracked.get(id)?.pid === before?.pid) runtime.tracked.delete(id);
  },
);

/**
 * Waits until the container's process has ended, also one that has ended before and was not yet removed. Of a
 * container that another program started its end is told without code and signal: only who started a process learns
 * them.
 *
 * Throws `Failure`: `not-found`, `status` while it is being created.
 */
export const wait = spoken(async (runtime: Runtime, id: string): Promise<ProcessExit> => {
  const { native, wait: waits } = runtime.host;
  const { init } = new Store(native, runtime.root).read(id);
  if (init === undefined) throw new Failure('status', `container "${id}" is still being created`);
  const tracked = runtime.tracked.get(id);
  if (tracked?.pid === init.pid) return tracked.exited;
  const pidfd = openProcess(native, init);
  if (pidfd !== undefined) {
    try {
      await waits.readable([pidfd], -1);
    } finally {
      native.close(pidfd);
    }
  }
  return { id, pid: init.pid, code: undefined, signal: undefined };
});

/** Saves a running container with CRIU. Throws `Failure`: `not-found`, `status`, `unsupported`, `system`. */
export const checkpoint = spoken((runtime: Runtime, id: string, options: Checkpoint): Promise<void> => {
  const { streams: _, ...others } = options;
  return container.checkpoint(runtime, id, {
    ...criuDefaults,
    leaveRunning: false,
    preDump: false,
    tcpSkipInFlight: false,
    ...defined(others),
  });
});

/**
 * Makes a container of what `checkpoint` saved; it runs on from there. Throws `Failure` as `create` and `checkpoint`
 * do.
 */
export const restore = spoken((runtime: Runtime, options: Restore): Promise<StartedProcess> => {
  const { streams: _, ...others } = options;
  return startInit(runtime, options.id, undefined, (context) =>
    container.restore(context, { ...criuDefaults, ...defined(others), detach: false }),
  );
});
