import { validateProcess } from '../bundle/schema/validate-process.ts';
import type { Cgroup, CgroupEntry } from '../cgroup/cgroup.ts';
import { oomKills } from '../cgroup/statistics/limit-events.ts';
import { defined } from '../defined.ts';
import { Failure, withCleanup } from '../failure.ts';
import type { Native } from '../host/native.ts';
import { Stopwatch } from '../host/stopwatch.ts';
import { emitStamps } from '../launch/emit-stamps.ts';
import { launch } from '../launch/launch.ts';
import type { Go } from '../launch/messages.ts';
import { execPlan } from '../plan/exec-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { resctrlRoot, resctrlTasks } from '../resctrl/group.ts';
import { keepsOriginalGroups } from '../spec/annotations.ts';
import type { Config, Process } from '../spec/config.ts';
import { createsNamespace } from '../spec/namespaces.ts';
import { Undo } from './create/cleanup.ts';
import { explainLimits } from './create/explain-limits.ts';
import { gatherFacts } from './create/host-facts.ts';
import { agentMetadata, compileFilter, type Filter } from './create/seccomp-filter.ts';
import { checkPreserved } from './process/check-preserved.ts';
import { tellExit } from './process/exits.ts';
import { openSockets } from './process/inherited.ts';
import { capabilityWarnings, mergeProcess } from './process/merge-process.ts';
import { ownTerminalSize, requireOwnTerminal } from './process/own-terminal.ts';
import { removeIfThere, writePidFile } from './process/pid-file.ts';
import { openProcess } from './process/process-identity.ts';
import { sendPidfd } from './process/sockets.ts';
import { type OpenContainer, openContainer } from './record/open-container.ts';
import { startAnswer } from './record/state-document.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context, ExecOptions, Foreground } from './types.ts';

/** A running container and what exec needs of it. */
interface Target extends Pick<OpenContainer, 'record' | 'cgroup'> {
  readonly config: Config;
}

function openTarget(context: Context, id: string, { ignorePaused }: ExecOptions): Target {
  const container = openContainer(context, id);
  if (!ignorePaused || container.status() !== 'paused') container.require('exec');
  const { record, cgroup } = container;
  return { record, cgroup, config: container.config() };
}

/** The process to execute: the whole of it from JSON, or the container's own with the options laid over it. */
async function processOf(context: Context, config: Config, options: ExecOptions): Promise<Process> {
  if (options.process === undefined) {
    for (const warning of capabilityWarnings(options.capabilities)) context.warn(warning);
    return mergeProcess(config.process, options);
  }
  const { process, warnings } = validateProcess(options.process);
  for (const warning of warnings) context.warn(warning);
  tellUnknown(context, 'Process', process);
  return process;
}

function checkTerminal(native: Native, process: Process, options: ExecOptions): void {
  if (process.terminal && options.detach && options.consoleSocket === undefined) {
    throw new Failure('invalid', 'a detached process with a terminal needs --console-socket', {
      pointer: '/process/terminal',
      hint: 'Give --console-socket, or leave out --detach or --tty',
    });
  }
  if (!process.terminal && options.consoleSocket !== undefined) {
    throw new Failure('invalid', '--console-socket is for a process with a terminal', { hint: 'Add --tty' });
  }
  if (process.terminal && options.consoleSocket === undefined && options.relaysTerminal)
    requireOwnTerminal(native);
}

/** An init system on v2 may have moved everybody to a sub-cgroup. */
function entryOf(target: Target, options: ExecOptions): CgroupEntry | undefined {
  const { cgroup, record } = target;
  if (cgroup === undefined) return undefined;
  if (options.cgroup !== undefined) return cgroup.sub(options.cgroup);
  return cgroup.saved.mode === 'v2' && record.init !== undefined ? cgroup.placeOf(record.init.pid) : cgroup;
}

/**
 * `exec`: one more process in a running container. It joins the namespaces behind a pidfd of the container's init.
 *
 * Throws `Failure`: `not-found`, `status`, `invalid`, `exec` when the program cannot be executed, `system`.
 */
export async function exec(context: Context, id: string, options: ExecOptions): Promise<Foreground> {
  const watch = new Stopwatch(context);
  checkPreserved(context.host, options.preserveFds, 0);
  const target = openTarget(context, id, options);
  const process = await processOf(context, target.config, options);
  checkTerminal(context.host.native, process, options);
  const filter = await compileFilter(context, target.config);
  watch.lap('find the container and the process to run');
  const { native } = context.host;
  const init = target.record.init && openProcess(native, target.record.init);
  if (init === undefined)
    throw new Failure('status', `cannot exec in a stopped container: container not running`);
  try {
    return await enter(context, options, { ...target, process, filter, init });
  } finally {
    native.close(init);
  }
}

/** Only a mount namespace that was made for the container has the container's root as its own. */
function rootOf({ config, record }: Target): string | undefined {
  const own = createsNamespace(config.linux, 'mount');
  return own || record.init === undefined ? undefined : `/proc/${record.init.pid}/root`;
}

/** What is to be executed, and where. */
interface Wanted extends Target {
  readonly process: Process;
  readonly filter: Filter | undefined;
  /** pidfd of the container's init. */
  readonly init: number;
}

interface Execution extends Wanted {
  /** Where in the cgroup tree the process goes. */
  readonly entry: CgroupEntry | undefined;
  /** Somebody else moves the stub there. */
  readonly attach: Cgroup['attach'];
  readonly undo: Undo;
}

/** clone3(2) into a cgroup: no right to (from outside of a delegated tree), or it takes nobody in any more. */
const cannotEnter: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EBUSY', 'ENOENT', 'EOPNOTSUPP'];

/**
 * The process enters the cgroup by itself, which takes no help and the least time. Where the kernel refuses that,
 * systemd is asked to move it, if the cgroup is systemd's: it may from where we may not (a runtime that is in a
 * cgroup namespace of its own).
 */
async function enter(context: Context, options: ExecOptions, wanted: Wanted): Promise<Foreground> {
  const { cgroup } = wanted;
  const attach = cgroup?.attach;
  const begin = (by: Cgroup['attach']): Promise<Foreground> => {
    const entry = entryOf(wanted, options);
    return execIn(context, options, { ...wanted, entry, attach: by, undo: new Undo() });
  };
  if (cgroup?.mustAttach === true) return begin(attach);
  try {
    return await begin(undefined);
  } catch (error) {
    const refused =
      error instanceof Failure && error.operation === 'clone' && cannotEnter.includes(error.errno);
    if (!refused || attach === undefined) throw error;
    return await begin(async (pid, entry) => {
      try {
        await attach(pid, entry);
      } catch (also) {
        throw withCleanup(error, [also]);
      }
    });
  }
}

function planOf({ host, resctrl }: Context, options: ExecOptions, execution: Execution): Plan {
  const { record, process, filter, config, entry } = execution;
  const facts = gatherFacts(
    host,
    { mode: 'none', hierarchies: [], links: [], unified: undefined, join: [], made: 'before' },
    resctrlTasks(resctrl ?? resctrlRoot, config.linux?.intelRdt, record.id),
    { ...config, process },
  );
  const ownTerminal = process.terminal && options.consoleSocket === undefined;
  const request = {
    namespaces: record.namespaces,
    cgroupJoin: entry?.joinPaths() ?? [],
    unifiedCgroup: entry?.unifiedDirectory(),
    attached: execution.attach !== undefined,
    root: rootOf(execution),
    noSetGroups: record.noSetGroups,
    keepsGroups: keepsOriginalGroups(record.annotations),
    console: options.consoleSocket === undefined ? 'parent' : 'socket',
    terminalSize: ownTerminal ? ownTerminalSize(host.native) : undefined,
    preserve: options.preserveFds,
    seccomp: filter?.program,
    keyring: `_ses.${record.id}`,
  } as const;
  return execPlan(process, config.linux ?? {}, request, facts);
}

async function execIn(context: Context, options: ExecOptions, execution: Execution): Promise<Foreground> {
  const { host } = context;
  const { native } = host;
  const { record, filter, cgroup } = execution;
  const plan = planOf(context, options, execution);
  const killsBefore = cgroup === undefined ? 0 : oomKills(native, cgroup.saved);
  const sockets = await openSockets(host, { console: options.consoleSocket, agent: filter?.listenerPath });
  const began = native.monotonic();
  try {
    const launched = await launch(host, {
      plan,
      inherited: { ...sockets.descriptors, process: execution.init },
      streams: options.streams,
      trace: context.trace !== undefined,
      keepsStub: options.relaysTerminal === true && !options.detach,
      cgroup: async (stage0) => {
        if (execution.entry !== undefined) await execution.attach?.(stage0, execution.entry);
      },
      answer: (_commit, pid) => admit(context, options, execution, pid),
    });
    if (context.trace !== undefined) {
      emitStamps(context, plan, launched, began);
    }
    tellExit(context, record.id, launched.pid);
    const { pid, terminal, stub } = launched;
    return defined({ pid, terminal, stub });
  } catch (error) {
    const cleanup = await execution.undo.run();
    if (cgroup === undefined) throw withCleanup(error, cleanup);
    throw withCleanup(explainLimits(host, cgroup, error, killsBefore), cleanup);
  } finally {
    sockets.close();
  }
}

/** The process is ready, and gets leave to execute. */
async function admit(
  { host }: Context,
  { pidFile, pidfdSocket }: ExecOptions,
  { record, filter, undo }: Execution,
  pid: number,
): Promise<Omit<Go, 'question'>> {
  if (pidFile !== undefined) {
    writePidFile(host.native, pidFile, record.id, pid);
    undo.add(() => removeIfThere(host.native, pidFile));
  }
  if (pidfdSocket !== undefined) await sendPidfd(host, pidfdSocket, pid, 'exec-pidfd');
  const metadata = agentMetadata(filter);
  return startAnswer({ ...record, ...(metadata !== undefined && { seccompMetadata: metadata }) }, pid);
}
