import { ask } from '../host/files.ts';
import { Stopwatch } from '../host/stopwatch.ts';
import type { HookListener } from '../launch/conversation.ts';
import { emitStamps } from '../launch/emit-stamps.ts';
import { awaitsCgroup, type Launched, type LaunchRequest, launch } from '../launch/launch.ts';
import { notesAfterStart } from '../launch/operation-note.ts';
import { hookAdds } from '../plan/hooks.ts';
import type { Plan } from '../plan/plan.ts';
import { type ContainerBeingMade, CreateAnswers } from './create/answers.ts';
import { attempt } from './create/attempt.ts';
import { explainAccess } from './create/explain-access.ts';
import { explainLimits } from './create/explain-limits.ts';
import { explainSeccomp } from './create/explain-seccomp.ts';
import { newRecord } from './create/new-record.ts';
import { type CreateMode, prepare } from './create/prepare.ts';
import { HookOutput } from './hooks/hook-output.ts';
import { tellExit } from './process/exits.ts';
import { openSockets } from './process/inherited.ts';
import { openOutput } from './process/output-file.ts';
import { createNotifyFiles, notifySocketPath } from './record/notify-files.ts';
import type { ContainerRecord } from './record/record.ts';
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
  const { native, wait } = context.host;
  const preparation = await prepare(context, options, mode);
  let output: number | undefined;
  try {
    const { process } = preparation.bundle.config;
    output = await openOutput(wait, options.output, process?.terminal === true);
    const prepared = { ...preparation, output };
    const startNotes = notesAfterStart(preparation.plan);
    const record = newRecord(context, options, { ...preparation, startNotes });
    return await attempt(context, record, (attempted) =>
      build({ context, options, mode, preparation: prepared, attempt: attempted }),
    );
  } finally {
    if (output !== undefined) native.close(output);
    preparation.close();
  }
}

async function build(making: ContainerBeingMade): Promise<Creation> {
  const { context, options, mode, preparation, attempt: attempted } = making;
  const { cgroup, filter, resctrl, rootDirectory } = preparation;
  const { store } = attempted;
  attempted.claim(cgroup);
  const answers = new CreateAnswers(making);
  attempted.makeResctrl(resctrl);
  if (preparation.notify !== undefined) {
    const path = preparation.notify;
    ask('make', path, () => createNotifyFiles(context.host.native, store.heldDirectory(options.id)));
    ask('make a socket in', path, () => mode.notifications?.listen(notifySocketPath(store, options.id)));
  }
  if (!awaitsCgroup(preparation.plan)) await answers.makeCgroup();
  const plan = context.rootless ? preparation.recompile() : preparation.plan;
  const sockets = await openSockets(context.host, {
    console: options.consoleSocket,
    start: mode.waits ? store.startSocketPath(options.id) : undefined,
    agent: filter?.listenerPath,
  });
  attempted.learn({
    cgroup: cgroup.saved,
    startNotes: notesAfterStart(plan),
    ...(resctrl && { resctrl: resctrl.saved }),
  });
  let output: HookOutput | undefined;
  try {
    output = HookOutput.open(context, preparation.bundle.config.annotations, hooksSpeak(plan));
    const inherited = { ...sockets.descriptors, root: rootDirectory };
    const launched = await launchStub(making, plan, inherited, { answers, said: output?.said });
    return { record: attempted.record, launched };
  } catch (error) {
    throw explained(making, error);
  } finally {
    output?.close();
    sockets.close();
  }
}

async function launchStub(
  { context, options, mode, preparation }: ContainerBeingMade,
  plan: Plan,
  inherited: LaunchRequest['inherited'],
  { answers, said }: { readonly answers: CreateAnswers; readonly said: HookListener | undefined },
): Promise<Launched> {
  const { host } = context;
  const watch = new Stopwatch(context);
  const began = host.native.monotonic();
  const launched = await launch(host, {
    plan,
    inherited,
    streams: streamsOf(options, preparation.output),
    ...(givesEnvironment(plan) && { environment: context.environment() }),
    trace: context.trace !== undefined,
    keepsStub: mode.keepsStub,
    cgroup: async (stage0) => {
      await answers.makeCgroup(stage0);
      watch.lap('start the stub, and make the cgroup with its limits beside it');
    },
    cloned: answers.cloned,
    said,
    answer: answers.answer,
  });
  watch.lap('launch');
  if (context.trace !== undefined) {
    emitStamps(context, plan, launched, began);
  }
  return launched;
}

/** A failure with what is known of its reason beyond the words of the stub. */
function explained({ context, preparation }: ContainerBeingMade, error: unknown): unknown {
  const { host } = context;
  const { cgroup, bundle, rootfs } = preparation;
  const limited = explainLimits(host, cgroup, error);
  return explainSeccomp(bundle.config, explainAccess(host.native, bundle.config, rootfs, limited));
}

/** The caller's own, or those that it names, unless output goes to a file. */
function streamsOf({ streams }: CreateOptions, output: number | undefined): StandardStreams | undefined {
  return output === undefined ? streams : [streams?.[0] ?? 0, output, output];
}

/** Hooks inside the container run before `create` ends. */
function hooksSpeak({ operations }: Plan): boolean {
  const end = operations.findIndex(({ kind }) => kind === 'await-start');
  return operations.slice(0, end < 0 ? undefined : end).some(({ kind }) => kind === 'hook');
}

/** Only then does the stub get the caller's environment. */
function givesEnvironment({ operations }: Plan): boolean {
  return operations.some((operation) => operation.kind === 'hook' && operation.adds === hookAdds.caller);
}

/**
 * `create`: makes the container of a bundle; its process waits for `start` (runtime.md, Create).
 *
 * Throws `Failure`: `invalid` for bad input, with nothing changed; `exists`; `system`, `hook` and `exec` for what
 * failed on the way, with everything undone.
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
