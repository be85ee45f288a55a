import type { Config, Process } from '../bundle/config.ts';
import { parseJson } from '../bundle/parse-json.ts';
import { validateProcess } from '../bundle/validate-process.ts';
import type { CgroupEntry, CgroupInUse } from '../cgroup/cgroup.ts';
import { cgroupInUse } from '../cgroup/cgroup-in-use.ts';
import { oomKills } from '../cgroup/limit-events.ts';
import { Failure } from '../failure.ts';
import type { Native } from '../host/native.ts';
import { launch } from '../launch/launch.ts';
import { execPlan } from '../plan/exec-plan.ts';
import type { Question } from '../plan/operations.ts';
import { checkPreserved } from './check-preserved.ts';
import { capabilityWarnings, mergeProcess } from './exec-process.ts';
import { tellExit } from './exits.ts';
import { gatherFacts } from './host-facts.ts';
import { requireStatus, statusOf } from './lifecycle.ts';
import { ownTerminalSize, requireOwnTerminal } from './own-terminal.ts';
import { writePidFile } from './pid-file.ts';
import { openProcess } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { resctrlRoot, resctrlTasks } from './resctrl.ts';
import { agentMetadata, compileFilter, type Filter } from './seccomp-filter.ts';
import { connectTo, sendPidfd } from './sockets.ts';
import { startAnswer } from './start-answer.ts';
import { Stopwatch } from './stopwatch.ts';
import { Store } from './store.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context, ExecOptions, Foreground } from './types.ts';

/** A running container and what exec needs of it. */
interface Target {
  readonly record: ContainerRecord;
  readonly config: Config;
  readonly cgroup: CgroupInUse | undefined;
}

function openTarget(context: Context, id: string, options: ExecOptions): Target {
  const { host } = context;
  const store = new Store(host.native, context.root);
  const record = store.read(id);
  const cgroup = record.cgroup && cgroupInUse(host, record.cgroup);
  const status = statusOf(host, store, record, cgroup);
  if (!(status === 'paused' && options.ignorePaused)) requireStatus('exec', id, status);
  const path = store.configPath(id);
  // It was validated when the container was created, and nobody else can write it.
  const config = parseJson(store.readConfig(id), path) as Config;
  return { record, config, cgroup };
}

/** The process to execute: the whole of it from JSON, or the container's own with the options laid over it. */
async function processOf(context: Context, config: Config, options: ExecOptions): Promise<Process> {
  if (options.process === undefined) {
    for (const warning of await capabilityWarnings(options.capabilities)) context.warn(warning);
    return mergeProcess(config.process, options);
  }
  const { process, warnings } = await validateProcess(options.process);
  for (const warning of warnings) context.warn(warning);
  await tellUnknown(context, 'Process', process);
  return process;
}

function checkTerminal(native: Native, process: Process, options: ExecOptions): void {
  if (process.terminal && options.detach && options.consoleSocket === undefined) {
    throw new Failure('invalid', 'a detached process with a terminal needs --console-socket', {
      pointer: '/process/terminal',
      hint: 'give --console-socket, or leave --detach or --tty away',
    });
  }
  if (!process.terminal && options.consoleSocket !== undefined) {
    throw new Failure('invalid', '--console-socket is for a process with a terminal', { hint: 'add --tty' });
  }
  if (process.terminal && options.consoleSocket === undefined && options.relaysTerminal)
    requireOwnTerminal(native);
}

/** Where in the cgroup tree the process goes. An init system on v2 may have moved everybody to a sub-cgroup. */
function entryOf(target: Target, options: ExecOptions): CgroupEntry | undefined {
  const { cgroup, record } = target;
  if (cgroup === undefined) return undefined;
  if (options.cgroup !== undefined) return cgroup.sub(options.cgroup);
  return cgroup.saved.mode === 'v2' && record.init !== undefined ? cgroup.placeOf(record.init.pid) : cgroup;
}

/**
 * `exec`: one more process in a running container. It joins the namespaces behind a pidfd of the container's init.
 *
 * Throws `Failure`: `not-found`, `status`, `invalid`, `exec` when the program can't be executed, `system`.
 */
export async function exec(context: Context, id: string, options: ExecOptions): Promise<Foreground> {
  const watch = new Stopwatch(context);
  checkPreserved(context.host, options.preserveFds, 0);
  const target = openTarget(context, id, options);
  const process = await processOf(context, target.config, options);
  checkTerminal(context.host.native, process, options);
  const filter = await compileFilter(context, target.config.linux?.seccomp);
  watch.lap('find the container and the process to run');
  const { native } = context.host;
  const init = target.record.init && openProcess(native, target.record.init);
  if (init === undefined)
    throw new Failure('status', `cannot exec in a stopped container: container not running`);
  try {
    return await execIn(context, options, { ...target, process, filter, init });
  } finally {
    native.close(init);
  }
}

/** Only a mount namespace that was made for the container has the container's root as its own. */
function rootOf({ config, record }: Target): string | undefined {
  let own = false;
  for (const { type, path } of config.linux?.namespaces ?? []) own ||= type === 'mount' && !path;
  return own || record.init === undefined ? undefined : `/proc/${record.init.pid}/root`;
}

interface Execution extends Target {
  readonly process: Process;
  readonly filter: Filter | undefined;
  /** pidfd of the container's init. */
  readonly init: number;
}

async function execIn(context: Context, options: ExecOptions, execution: Execution): Promise<Foreground> {
  const { host } = context;
  const { native } = host;
  const { record, process, filter, config } = execution;
  const entry = entryOf(execution, options);
  const attach = execution.cgroup?.attach;
  const facts = gatherFacts(
    host,
    { mode: 'none', hierarchies: [], links: [], unified: undefined, join: [] },
    resctrlTasks(context.resctrl ?? resctrlRoot, config.linux?.intelRdt, record.id),
    { ...config, process },
  );
  const plan = execPlan(
    process,
    config.linux ?? {},
    {
      namespaces: record.namespaces,
      cgroupJoin: entry?.joinPaths() ?? [],
      unifiedCgroup: entry?.unifiedDirectory(),
      attached: attach !== undefined,
      root: rootOf(execution),
      noSetGroups: record.noSetGroups,
      console: options.consoleSocket === undefined ? 'parent' : 'socket',
      terminalSize:
        process.terminal && options.consoleSocket === undefined ? ownTerminalSize(native) : undefined,
      preserve: options.preserveFds,
      seccomp: filter?.program,
      keyring: `_ses.${record.id}`,
    },
    facts,
  );
  const inherited: Record<string, number> = { process: execution.init };
  const killsBefore = execution.cgroup === undefined ? 0 : oomKills(native, execution.cgroup.saved);
  const began = native.monotonic();
  try {
    if (options.consoleSocket !== undefined) {
      inherited['console-socket'] = await connectTo(host, options.consoleSocket, 'console socket');
    }
    if (filter?.listenerPath !== undefined) {
      inherited['seccomp-socket'] = await connectTo(host, filter.listenerPath, 'seccomp agent');
    }
    const launched = await launch(host, {
      plan,
      inherited,
      streams: options.streams,
      trace: context.trace !== undefined,
      answer: async (question: Question, pid: number) => {
        if (question === 'cgroup') {
          if (attach !== undefined && entry !== undefined) await attach(pid, entry);
          return {};
        }
        if (options.pidFile !== undefined) writePidFile(native, options.pidFile, record.id, pid);
        if (options.pidfdSocket !== undefined) await sendPidfd(host, options.pidfdSocket, pid, 'exec-pidfd');
        const metadata = agentMetadata(filter);
        return startAnswer({ ...record, ...(metadata !== undefined && { seccompMetadata: metadata }) }, pid);
      },
    });
    if (context.trace !== undefined) {
      const { emitStamps } = await import('./emit-stamps.ts');
      emitStamps(context, plan, launched, began);
    }
    tellExit(context, record.id, launched.pid);
    return { pid: launched.pid, ...(launched.terminal !== undefined && { terminal: launched.terminal }) };
  } catch (error) {
    if (execution.cgroup === undefined) throw error;
    const { explainLimits } = await import('./explain-limits.ts');
    throw explainLimits(host, execution.cgroup, error, killsBefore);
  } finally {
    for (const [name, descriptor] of Object.entries(inherited))
      if (name !== 'process') native.close(descriptor);
  }
}
