import type { Context } from '../../container/mod.ts';
import { withCleanup } from '../../failure.ts';
import { ask, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { SIGKILL } from '../../host/signals.ts';
import type { MessageOf } from '../../protobuf.ts';
import type { Config } from '../../spec/config.ts';
import { Queue } from '../queue.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import { answerError } from './answer-error.ts';
import { ownerOf, peekConfig, wantsSystemd } from './bundle.ts';
import { Exits } from './exits.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { Methods } from './messages.ts';
import { defaultRoot, readOptions, rootFile, streamsFile, type TaskOptions } from './options.ts';
import { endedOf, TaskProcess } from './process.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';

type CreateRequest = MessageOf<Methods['Create']['request']>;

/** conmon's name for it. */
const outOfMemoryFile = 'oom';

/** With what the containers of these options are worked on. */
export function contextFor(shim: Shim, options: TaskOptions, config: Partial<Config>): Context {
  const { host } = shim;
  return {
    host,
    root: `${options.root}/${shim.namespace}`,
    cgroupManager: (options.systemdCgroup ?? wantsSystemd(config)) ? 'systemd' : 'cgroupfs',
    environment: () => shim.environment(),
    rootless: host.native.userId() !== 0,
    warn: (message) => shim.warn(message),
    ...(options.criu !== '' && { criu: options.criu }),
  };
}

/** Its pid namespace is the host's or another container's. */
function sharesPids({ linux }: Partial<Config>): boolean {
  return !(linux?.namespaces ?? []).some(({ type, path }) => type === 'pid' && !path);
}

/** The task of a request, of which nothing is made yet. */
export function newTask(
  shim: Shim,
  request: CreateRequest,
  config: Partial<Config>,
  options: TaskOptions,
): Task {
  const { id = '', bundle = '', stdin = '', stdout = '', stderr = '', checkpoint = '' } = request;
  const context = contextFor(shim, options, config);
  const terminal = config.process?.terminal === true;
  const init = new TaskProcess('', { stdin, stdout, stderr, terminal });
  const exits = new Exits({
    id,
    init,
    publisher: shim.publisher,
    lastLook: () => task.memory?.look(),
    endRest: async () => {
      task.memory?.finish();
      if (!sharesPids(config)) return;
      // Whoever of them could not be ended is not worth keeping the news from anybody; deleting says it.
      await shim.containers.kill(context, id, SIGKILL, { all: true }).catch(() => undefined);
    },
  });
  const task: Task = {
    id,
    bundle,
    options,
    checkpoint,
    init,
    mappings: { uidMappings: config.linux?.uidMappings ?? [], gidMappings: config.linux?.gidMappings ?? [] },
    execs: new Map(),
    context,
    queue: new Queue(),
    exits,
    memory: undefined,
    freezing: 'no',
  };
  return task;
}

/** The container's first process tells its end there. */
export function contextOf(task: Task, process: TaskProcess): Context {
  return {
    ...task.context,
    onExit: (exit) => {
      process.made(exit);
      void task.exits.ended(process, endedOf(exit));
    },
  };
}

/**
 * Create: mounts the root filesystem, opens the streams, and makes the container up to the point where its process
 * waits. One that is to be restored is made when it is started. Throws `StatusError`; everything is undone then, and
 * nobody was told of anything.
 */
export async function createTask(shim: Shim, request: CreateRequest): Promise<Task> {
  const { bundle = '' } = request;
  if (!bundle.startsWith('/'))
    throw new StatusError(codes.invalidArgument, `bundle "${bundle}" is not an absolute path`);
  const config = peekConfig(shim.host.native, bundle);
  let task: Task;
  try {
    task = newTask(shim, request, config, readOptions(shim.host.native, request.options));
    noteBinary(shim, task.options);
  } catch (error) {
    throw answerError('OCI runtime create failed', error);
  }
  const settle = task.exits.starting(task.init);
  // The streams are made meanwhile.
  const mounted = shim.mountRootfs(shim.host, task.bundle, mountsOf(request));
  // Until make() waits for it, nobody does.
  mounted.catch(() => undefined);
  try {
    await make(shim, task, config, mounted);
  } catch (error) {
    settle(false);
    await mounted.catch(() => undefined);
    throw answerError('OCI runtime create failed', withCleanup(error, await undo(shim, task)));
  }
  const { init } = task;
  shim.publisher.publish('/tasks/create', {
    container_id: task.id,
    bundle: task.bundle,
    rootfs: request.rootfs ?? [],
    io: init.names,
    checkpoint: task.checkpoint,
    pid: init.pid,
  });
  settle(true);
  return task;
}

/** Whoever named a runtime wants to know that it is not the one. */
function noteBinary({ warn }: Shim, { binary }: TaskOptions): void {
  if (binary !== '' && !/(^|\/)tsoci$/.test(binary))
    warn(`BinaryName = "${binary}" is of no effect: this shim has the runtime inside, and calls none`);
}

function mountsOf({ rootfs = [] }: CreateRequest) {
  return rootfs.map(({ type = '', source = '', target = '', options = [] }) => ({
    type,
    source,
    target,
    options,
  }));
}

async function make(shim: Shim, task: Task, config: Partial<Config>, mounted: Promise<void>): Promise<void> {
  const { id, bundle, options, init } = task;
  if (options.root !== defaultRoot) writeNote(shim.host.native, bundle, rootFile, options.root);
  writeNote(shim.host.native, bundle, streamsFile, JSON.stringify(init.names));
  const owner = ownerOf(config.process?.user, config.linux);
  init.streams = await shim.openStreams(shim.host, {
    names: init.names,
    owner: { uid: options.userId ?? owner.uid, gid: options.groupId ?? owner.gid },
    id,
    namespace: shim.namespace,
    warn: (message) => shim.warn(message),
  });
  await mounted;
  if (task.checkpoint !== '') return;
  const { descriptors } = init.streams;
  const made = await shim.containers.create(contextOf(task, init), {
    id,
    bundle,
    pidFile: `${bundle}/init.pid`,
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    preserveFds: 0,
    takesTerminal: true,
    ...(descriptors !== undefined && { streams: descriptors }),
  });
  init.made(made);
  await init.streams.begin(made.terminal);
  watchMemory(shim, task);
}

/** Something in the bundle for another process of this program: one that cleans up, or that takes over. */
function writeNote(native: Native, bundle: string, name: string, text: string): void {
  removeNote(native, bundle, name);
  const path = `${bundle}/${name}`;
  ask('write', path, () => native.createFile(path, text, 0o600, false));
}

function removeNote(native: Native, bundle: string, name: string): void {
  askUnless(['ENOENT', 'ENOTDIR'], 'remove', `${bundle}/${name}`, () => native.unlink(`${bundle}/${name}`));
}

/** Tells of want of memory from here on. */
export function watchMemory(shim: Shim, task: Task): void {
  const watch = shim.containers.watchOutOfMemory(task.context, task.id);
  if (watch === undefined) return;
  task.memory = new MemoryWatch(task.context, watch, () => {
    shim.publisher.publish('/tasks/oom', { container_id: task.id });
    if (shim.tellsByFile) writeNote(shim.host.native, task.bundle, outOfMemoryFile, '');
  });
}

/** What of it could not be undone. */
async function undo(shim: Shim, task: Task): Promise<unknown[]> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => void failures.push(error));
  };
  task.memory?.finish();
  if (task.init.pid !== 0)
    await attempt(() => shim.containers.remove(contextOf(task, task.init), task.id, { force: true }));
  task.init.streams?.abandon();
  await attempt(() => shim.unmountRootfs(shim.host, task.bundle));
  // What is left is found by them.
  if (failures.length === 0)
    for (const name of [streamsFile, rootFile])
      await attempt(async () => removeNote(shim.host.native, task.bundle, name));
  return failures;
}
