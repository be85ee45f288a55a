import type { Config } from '../bundle/config.ts';
import type { LoadedBundle } from '../bundle/load-bundle.ts';
import { loadBundle } from '../bundle/load-bundle.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { detectCgroups } from '../cgroup/detect-cgroups.ts';
import { openCgroup } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { type Launched, launch } from '../launch/launch.ts';
import { notesAfterStart } from '../launch/operation-note.ts';
import { createPlan } from '../plan/create-plan.ts';
import type { Question } from '../plan/operations.ts';
import { resolvePath } from '../plan/path.ts';
import type { Plan } from '../plan/plan.ts';
import { Undo } from './cleanup.ts';
import { runHooks, runPoststopHooks, stateDocument } from './hooks.ts';
import { cgroupFacts, gatherFacts } from './host-facts.ts';
import { forbidsSetGroups, writeIdMaps } from './id-maps.ts';
import { checkId } from './identifier.ts';
import { removeIfThere, temporaryName, writePidFile } from './pid-file.ts';
import { identify } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { recordSchema } from './record.ts';
import { agentMetadata, compileFilter, type Filter } from './seccomp-filter.ts';
import { connectTo, sendPidfd } from './sockets.ts';
import { Store } from './store.ts';
import { emitStamps, Stopwatch } from './tracing.ts';
import type { Context, CreatedContainer, CreateOptions } from './types.ts';

/** Everything that is known before anything is changed. */
export interface Preparation {
  readonly bundle: LoadedBundle;
  readonly cgroup: Cgroup;
  readonly filter: Filter | undefined;
  readonly rootfs: string;
  readonly plan: Plan;
}

/** How a new container is started: it waits for `start`, or goes on at once (`run`). */
export interface CreateMode {
  readonly waits: boolean;
  /** The master of a new terminal comes to us instead of going to a console socket. */
  readonly ownTerminal: boolean;
}

/** The root filesystem's absolute path. Throws `Failure` (`invalid`) unless it is a directory. */
function findRootfs(context: Context, bundle: LoadedBundle): string {
  const given = bundle.config.root?.path ?? '';
  const path = resolvePath(bundle.directory, given);
  const status = context.host.native.status(path, true);
  const pointer = '/root/path';
  if (status === undefined)
    throw new Failure('invalid', `root.path: root filesystem "${path}" does not exist`, { pointer });
  if ((status.mode & 0o170000) !== 0o040000) {
    throw new Failure('invalid', `root.path: root filesystem "${path}" is not a directory`, { pointer });
  }
  return context.host.native.realPath(path);
}

/** Which way the terminal leaves; refuses combinations that make no sense before anything happens. */
function checkTerminal(config: Config, options: CreateOptions, mode: CreateMode): void {
  const terminal = config.process?.terminal === true;
  if (terminal && options.consoleSocket === undefined && !mode.ownTerminal) {
    throw new Failure('invalid', 'process.terminal is true, but nobody takes the terminal', {
      pointer: '/process/terminal',
      hint: 'give --console-socket, or use `tsoci run` in the foreground, or set process.terminal to false',
    });
  }
  if (!terminal && options.consoleSocket !== undefined) {
    throw new Failure(
      'invalid',
      '--console-socket is for a process with a terminal, and process.terminal is not true',
      {
        pointer: '/process/terminal',
      },
    );
  }
}

/** Reads and validates the bundle and compiles the plan. Changes nothing but the cache of filters. */
export async function prepare(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
): Promise<Preparation> {
  const { host } = context;
  const watch = new Stopwatch(context);
  checkId(options.id);
  const bundle = await loadBundle(host.native, options.bundle);
  for (const warning of bundle.warnings) context.warn(warning);
  const { config } = bundle;
  watch.lap('load and validate the bundle');
  if (!mode.waits && config.process === undefined) {
    throw new Failure('invalid', 'config.json has no process to run', { pointer: '/process' });
  }
  checkTerminal(config, options, mode);
  const rootfs = findRootfs(context, bundle);
  const layout = detectCgroups(host.native);
  const cgroup = openCgroup(host, layout, {
    id: options.id,
    cgroupsPath: config.linux?.cgroupsPath,
    systemd: context.systemdCgroup,
    rootless: context.rootless,
  });
  watch.lap('find the cgroups');
  const filter = await compileFilter(context, config.linux?.seccomp);
  watch.lap('compile the seccomp filter');
  const facts = gatherFacts(host, cgroupFacts(cgroup, layout), config);
  const plan = createPlan(
    config,
    {
      bundle: bundle.directory,
      rootfs,
      noPivot: options.noPivot,
      startChannel: mode.waits,
      console: options.consoleSocket === undefined ? 'parent' : 'socket',
      preserve: options.preserveFds,
      seccomp: filter?.program,
      keyring: options.noNewKeyring ? undefined : `_ses.${options.id}`,
    },
    facts,
  );
  watch.lap('compile the plan');
  return { bundle, cgroup, filter, rootfs, plan };
}

function newRecord(context: Context, options: CreateOptions, preparation: Preparation): ContainerRecord {
  const { config, directory } = preparation.bundle;
  const linux = config.linux ?? {};
  const metadata = agentMetadata(preparation.filter);
  return {
    schema: recordSchema,
    id: options.id,
    ociVersion: config.ociVersion,
    bundle: directory,
    rootfs: preparation.rootfs,
    created: new Date().toISOString(),
    uid: context.host.native.userId(),
    ...(config.annotations && { annotations: config.annotations }),
    cgroup: preparation.cgroup.saved,
    namespaces: linux.namespaces?.map((entry) => entry.type) ?? [],
    startable: config.process !== undefined,
    poststart: config.hooks?.poststart ?? [],
    poststop: config.hooks?.poststop ?? [],
    startNotes: notesAfterStart(preparation.plan),
    ...(metadata !== undefined && { seccompMetadata: metadata }),
    noSetGroups: forbidsSetGroups(context.host, linux),
    ...(options.pidFile !== undefined && { temporary: temporaryName(options.pidFile, options.id) }),
  };
}

/** A container that was made, and what else a caller in the same process needs. */
export interface Creation {
  readonly record: ContainerRecord;
  readonly launched: Launched;
}

/**
 * Creates a container up to the point where its process waits for `start`, or, with `mode.waits` false, has executed.
 *
 * Throws `Failure`; everything that was made until then is undone first.
 */
export async function createContainer(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
): Promise<Creation> {
  const preparation = await prepare(context, options, mode);
  const store = new Store(context.host.native, context.root);
  const undo = new Undo();
  const record = newRecord(context, options, preparation);
  let hooked = false;
  const lock = store.reserve(options.id);
  undo.add(() => store.remove(options.id));
  try {
    store.write(record);
    store.writeConfig(options.id, preparation.bundle.bytes);
    const creation = await build(context, options, mode, { preparation, store, undo, record }, () => {
      hooked = true;
    });
    return creation;
  } catch (error) {
    const cleanup = await undo.run();
    if (hooked) await runPoststopHooks(record.poststop, stateDocument(record, 'stopped', 0), context.warn);
    throw withCleanup(error, cleanup);
  } finally {
    lock.release();
  }
}

interface Making {
  readonly preparation: Preparation;
  readonly store: Store;
  readonly undo: Undo;
  readonly record: ContainerRecord;
}

async function build(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
  making: Making,
  onHooks: () => void,
): Promise<Creation> {
  const { host } = context;
  const { native } = host;
  const { preparation, store, undo } = making;
  const { bundle, cgroup, plan } = preparation;
  const watch = new Stopwatch(context);
  undo.add(() => removeTemporary(context, making.record));
  await cgroup.create();
  undo.add(() => cgroup.delete());
  await cgroup.apply(bundle.config.linux?.resources);
  for (const warning of cgroup.warnings) context.warn(warning);
  watch.lap('make the cgroup and set its limits');
  const inherited = openInherited(context, options, mode, making);
  let record: ContainerRecord = { ...making.record, cgroup: cgroup.saved };
  const began = native.monotonic();
  try {
    const launched = await launch(host, {
      plan,
      inherited: inherited.descriptors,
      trace: context.trace !== undefined,
      answer: async (question: Question, pid: number) => {
        if (question === 'id-maps') await writeIdMaps(host, bundle.config.linux ?? {}, pid);
        else if (question === 'create-runtime') {
          onHooks();
          return { state: await createHooks(record, bundle.config, pid) };
        } else if (question === 'commit') {
          record = commit(context, options, store, record, pid);
          return answerForRun(record, mode, pid);
        }
        return {};
      },
    });
    watch.lap('launch');
    emitStamps(context, plan, launched, began);
    return { record, launched };
  } finally {
    inherited.close();
  }
}

/** The descriptors that the plan wants: the caller's console socket, the socket for `start`, the seccomp agent's. */
function openInherited(context: Context, options: CreateOptions, mode: CreateMode, making: Making) {
  const { native } = context.host;
  const descriptors: Record<string, number> = {};
  const close = (): void => {
    for (const descriptor of Object.values(descriptors)) native.close(descriptor);
  };
  try {
    if (options.consoleSocket !== undefined) {
      descriptors['console-socket'] = connectTo(native, options.consoleSocket, 'console socket');
    }
    if (mode.waits) descriptors['start-socket'] = native.listen(making.store.startSocketPath(options.id));
    const agent = making.preparation.filter?.listenerPath;
    if (agent !== undefined) descriptors['seccomp-socket'] = connectTo(native, agent, 'seccomp agent');
  } catch (error) {
    close();
    throw error;
  }
  return { descriptors, close };
}

/** prestart and createRuntime hooks; the answer is the state that createContainer hooks read. */
async function createHooks(record: ContainerRecord, config: Config, pid: number): Promise<string> {
  const state = stateDocument(record, 'creating', pid);
  await runHooks(config.hooks?.prestart, 'prestart', state);
  await runHooks(config.hooks?.createRuntime, 'createRuntime', state);
  return state;
}

/** The process is ready: from here on the container exists. */
function commit(
  context: Context,
  options: CreateOptions,
  store: Store,
  before: ContainerRecord,
  pid: number,
): ContainerRecord {
  const { native } = context.host;
  const init = identify(native, pid);
  if (init === undefined) throw new Failure('system', 'the container process died before it was recorded');
  const record = { ...before, init };
  store.write(record);
  if (options.pidFile !== undefined) writePidFile(native, options.pidFile, options.id, pid);
  if (options.pidfdSocket !== undefined) sendPidfd(native, options.pidfdSocket, pid, 'init-pidfd');
  return record;
}

/** `run` goes on without `start`: the state for startContainer hooks and the seccomp agent comes with the permission. */
function answerForRun(record: ContainerRecord, mode: CreateMode, pid: number) {
  if (mode.waits) return {};
  return startAnswer(record, pid);
}

/** What a process gets along with the permission to execute its program. */
export function startAnswer(record: ContainerRecord, pid: number): { state: string; listener?: string } {
  const state = stateDocument(record, 'created', pid);
  if (record.seccompMetadata === undefined) return { state };
  const agent = { ...JSON.parse(record.seccompMetadata), pid, state: JSON.parse(state) };
  return { state, listener: JSON.stringify(agent) };
}

function removeTemporary(context: Context, record: ContainerRecord): void {
  if (record.temporary !== undefined) removeIfThere(context.host.native, record.temporary);
}

function withCleanup(error: unknown, cleanup: readonly unknown[]): unknown {
  if (cleanup.length === 0 || !(error instanceof Failure)) return error;
  const { code, message, pointer, errno, hint, cause } = error;
  return new Failure(code, message, {
    ...(pointer !== undefined && { pointer }),
    ...(errno !== undefined && { errno }),
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
    cleanup: [...error.cleanup, ...cleanup],
  });
}

/**
 * `create`: makes the container of a bundle; its process waits for `start` (runtime.md, Create).
 *
 * Throws `Failure`: `invalid` for bad input, with nothing changed; `exists`; `system`, `hook` and `exec` for what failed
 * on the way, with everything undone.
 */
export async function create(context: Context, options: CreateOptions): Promise<CreatedContainer> {
  const { launched } = await createContainer(context, options, { waits: true, ownTerminal: false });
  return { pid: launched.pid };
}
