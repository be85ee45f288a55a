import { Failure, withCleanup } from '../failure.ts';
import { ask } from '../host/files.ts';
import { type Launched, launch } from '../launch/launch.ts';
import { notesAfterStart } from '../launch/operation-note.ts';
import { hookAdds } from '../plan/hooks.ts';
import type { Question } from '../plan/operations.ts';
import type { Plan } from '../plan/plan.ts';
import { giveCgroup } from './cgroup-owner.ts';
import { Undo } from './cleanup.ts';
import { createHooks } from './create-hooks.ts';
import { tellExit } from './exits.ts';
import { writeIdMaps } from './id-maps.ts';
import { splitLimits } from './late-limits.ts';
import type { Lock } from './lock.ts';
import { newRecord } from './new-record.ts';
import { openOutput } from './output-file.ts';
import { removeIfThere, writePidFile } from './pid-file.ts';
import { type CreateMode, type Preparation, prepare } from './prepare.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { connectTo, sendPidfd } from './sockets.ts';
import { startAnswer } from './start-answer.ts';
import { stateDocument } from './state-document.ts';
import { Stopwatch } from './stopwatch.ts';
import { Store } from './store.ts';
import type { Context, CreateOptions, Foreground, StandardStreams } from './types.ts';

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
  const { native } = context.host;
  const preparation = await prepare(context, options, mode);
  let output: number | undefined;
  try {
    output = openOutput(native, options.output, preparation.bundle.config.process?.terminal === true);
    return await createPrepared(context, options, mode, { ...preparation, output });
  } finally {
    if (output !== undefined) native.close(output);
    preparation.close();
  }
}

async function createPrepared(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
  preparation: Making['preparation'],
): Promise<Creation> {
  const store = new Store(context.host.native, context.root);
  const undo = new Undo();
  const { bundle, rootfs, cgroup, filter, plan } = preparation;
  const startNotes = notesAfterStart(plan);
  const record = newRecord(context, options, { bundle, rootfs, cgroup, filter, startNotes });
  let hooked = false;
  const lock = await store.reserve(context.host.wait, options.id);
  undo.add(() => store.remove(options.id));
  try {
    // Before it is recorded as this container's: whatever is recorded, `delete --force` may kill. And after the id is ours: that it
    // is in use says more than that its cgroup is.
    preparation.cgroup.checkUnused();
    store.write(record);
    store.writeConfig(options.id, preparation.bundle.text);
    const creation = await build(context, options, mode, { preparation, store, undo, lock, record }, () => {
      hooked = true;
    });
    return creation;
  } catch (error) {
    const taken = !lock.isCurrent();
    const cleanup = await undo.run();
    if (taken) throw takenAway(options.id, error);
    if (hooked && record.poststop.length > 0) {
      const { runPoststopHooks } = await import('./hooks.ts');
      await runPoststopHooks(context, record.poststop, stateDocument(record, 'stopped', 0), context.warn);
    }
    throw withCleanup(error, cleanup);
  } finally {
    lock.release();
  }
}

/** Somebody deleted it by force, whose word counts: poststop hooks and the rest are theirs. */
function takenAway(id: string, cause: unknown): Failure {
  return new Failure('status', `container "${id}" was deleted by force while it was created`, { cause });
}

interface Making {
  readonly preparation: Preparation & { readonly output: number | undefined };
  readonly store: Store;
  readonly undo: Undo;
  readonly lock: Lock;
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
  const { preparation, undo } = making;
  const { bundle, cgroup, resctrl } = preparation;
  const watch = new Stopwatch(context);
  undo.add(() => removeTemporary(context, making.record));
  await cgroup.create();
  // What a forced delete took away meanwhile may be another container's by now: then only what is empty and was made here goes.
  undo.add(() => (making.lock.isCurrent() ? cgroup.delete() : cgroup.undoCreate()));
  const limits = splitLimits(bundle.config.linux?.resources);
  await cgroup.apply(limits.before);
  if (cgroup.adopt === undefined) giveCgroup(context, cgroup, bundle.config);
  for (const warning of cgroup.warnings) context.warn(warning);
  if (resctrl !== undefined) {
    undo.add(() => resctrl.remove());
    resctrl.create();
  }
  watch.lap('make the cgroup and set its limits');
  const plan = context.rootless ? preparation.recompile() : preparation.plan;
  const inherited = await openInherited(context, options, mode, making);
  let record: ContainerRecord = {
    ...making.record,
    cgroup: cgroup.saved,
    startNotes: notesAfterStart(plan),
    ...(resctrl && { resctrl: resctrl.saved }),
  };
  const began = native.monotonic();
  let keepDevices = (): void => undefined;
  let visible: ProcessIdentity | undefined;
  try {
    const launched = await launch(host, {
      plan,
      inherited: inherited.descriptors,
      streams: streamsOf(options, preparation.output),
      ...(givesEnvironment(plan) && { environment: context.environment() }),
      trace: context.trace !== undefined,
      answer: async (question: Question, pid: number) => {
        if (question === 'cgroup') {
          await cgroup.adopt?.(pid, limits.before);
          giveCgroup(context, cgroup, bundle.config);
          for (const warning of cgroup.warnings) context.warn(warning);
        } else if (question === 'id-maps') {
          // Later it can't be dumped, and a procfs with hidepid hides it from an ordinary user.
          visible = identify(native, pid);
          await writeIdMaps(host, bundle.config.linux ?? {}, pid);
        } else if (question === 'create-runtime') {
          const devices = bundle.config.linux?.netDevices;
          if (devices !== undefined) {
            const { moveNetworkDevices } = await import('../network/network-devices.ts');
            const moved = moveNetworkDevices(native, devices, pid);
            undo.add(() => moved.takeBack());
            keepDevices = moved.keep;
          }
          onHooks();
          return { state: await createHooks(context, record, bundle.config, pid) };
        } else if (question === 'commit') {
          if (limits.after !== undefined) await cgroup.update(limits.after, '/linux/resources');
          record = await commit(context, options, making, record, identify(native, pid) ?? visible);
          return answerForRun(record, mode, pid);
        }
        return {};
      },
    });
    keepDevices();
    watch.lap('launch');
    if (context.trace !== undefined) {
      const { emitStamps } = await import('./emit-stamps.ts');
      emitStamps(context, plan, launched, began);
    }
    return { record, launched };
  } catch (error) {
    const { explainLimits } = await import('./explain-limits.ts');
    const { explainAccess } = await import('./explain-access.ts');
    const { explainSeccomp } = await import('./explain-seccomp.ts');
    const explained = explainLimits(host, cgroup, error);
    throw explainSeccomp(bundle.config, explainAccess(native, bundle.config, preparation.rootfs, explained));
  } finally {
    inherited.close();
  }
}

/** The caller's own, or those that it names, unless output goes to a file. */
function streamsOf({ streams }: CreateOptions, output: number | undefined): StandardStreams | undefined {
  return output === undefined ? streams : [streams?.[0] ?? 0, output, output];
}

/** Only then does the stub get the caller's environment. */
function givesEnvironment({ operations }: Plan): boolean {
  return operations.some((operation) => operation.kind === 'hook' && operation.adds === hookAdds.caller);
}

/** The descriptors that the plan wants: the root filesystem, the caller's console socket, the socket for `start`, the seccomp agent's. */
async function openInherited({ host }: Context, options: CreateOptions, mode: CreateMode, making: Making) {
  const { native } = host;
  const opened: Record<string, number> = {};
  const close = (): void => {
    for (const descriptor of Object.values(opened)) native.close(descriptor);
  };
  try {
    if (options.consoleSocket !== undefined) {
      opened['console-socket'] = await connectTo(host, options.consoleSocket, 'console socket');
    }
    const start = making.store.startSocketPath(options.id);
    if (mode.waits)
      opened['start-socket'] = ask('make the socket for start', start, () => native.listen(start));
    const agent = making.preparation.filter?.listenerPath;
    if (agent !== undefined) opened['seccomp-socket'] = await connectTo(host, agent, 'seccomp agent');
  } catch (error) {
    close();
    throw error;
  }
  return { descriptors: { ...opened, root: making.preparation.rootDirectory }, close };
}

/** The process is ready: from here on the container exists. */
async function commit(
  context: Context,
  options: CreateOptions,
  { store, undo, lock }: Making,
  before: ContainerRecord,
  init: ProcessIdentity | undefined,
): Promise<ContainerRecord> {
  const { native } = context.host;
  if (init === undefined) throw new Failure('system', 'the container process died before it was recorded');
  const { pid } = init;
  const record = { ...before, init };
  store.write(record);
  const { pidFile } = options;
  if (pidFile !== undefined) {
    writePidFile(native, pidFile, options.id, pid);
    undo.add(() => lock.isCurrent() && removeIfThere(native, pidFile));
  }
  if (options.pidfdSocket !== undefined)
    await sendPidfd(context.host, options.pidfdSocket, pid, 'init-pidfd');
  return record;
}

/** `run` goes on without `start`: the state for startContainer hooks and the seccomp agent comes with the permission. */
function answerForRun(record: ContainerRecord, mode: CreateMode, pid: number) {
  if (mode.waits) return {};
  return startAnswer(record, pid);
}

function removeTemporary(context: Context, record: ContainerRecord): void {
  if (record.temporary !== undefined) removeIfThere(context.host.native, record.temporary);
}

/**
 * `create`: makes the container of a bundle; its process waits for `start` (runtime.md, Create).
 *
 * Throws `Failure`: `invalid` for bad input, with nothing changed; `exists`; `system`, `hook` and `exec` for what failed
 * on the way, with everything undone.
 */
export async function create(context: Context, options: CreateOptions): Promise<Foreground> {
  const ownTerminal = options.takesTerminal === true && options.consoleSocket === undefined;
  const { launched } = await createContainer(context, options, { waits: true, ownTerminal });
  tellExit(context, options.id, launched.pid);
  return {
    pid: launched.pid,
    ...(launched.terminal !== undefined && { terminal: launched.terminal }),
  };
}
