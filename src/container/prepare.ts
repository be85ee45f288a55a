import type { Config } from '../bundle/config.ts';
import { type LoadedBundle, loadBundle } from '../bundle/load-bundle.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { CgroupLayout } from '../cgroup/cgroup-layout.ts';
import { cgroupView } from '../cgroup/cgroup-view.ts';
import { detectCgroups } from '../cgroup/detect-cgroups.ts';
import { openCgroup } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import { createPlan } from '../plan/create-plan.ts';
import { resolvePath } from '../plan/path.ts';
import type { Plan } from '../plan/plan.ts';
import { checkPreserved } from './check-preserved.ts';
import { gatherFacts } from './host-facts.ts';
import { checkId } from './identifier.ts';
import { ownTerminalSize, requireOwnTerminal } from './own-terminal.ts';
import { openResctrl, type ResctrlGroup, resctrlRoot } from './resctrl.ts';
import { compileFilter, type Filter } from './seccomp-filter.ts';
import { Stopwatch } from './stopwatch.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context, CreateOptions } from './types.ts';

/** Everything that is known before anything is changed. */
export interface Preparation {
  readonly bundle: LoadedBundle;
  readonly cgroup: Cgroup;
  readonly layout: CgroupLayout;
  readonly filter: Filter | undefined;
  readonly rootfs: string;
  readonly resctrl: ResctrlGroup | undefined;
  readonly plan: Plan;
  /** Compiles the plan again, when making the cgroup has shown that not all of it can be used. */
  recompile(): Plan;
}

/** How a new container is started: it waits for `start`, or goes on at once (`run`). */
export interface CreateMode {
  readonly waits: boolean;
  /** The master of a new terminal comes to us instead of going to a console socket. */
  readonly ownTerminal: boolean;
}

/** The root filesystem's absolute path. Throws `Failure` (`invalid`) unless it is a directory. */
export function findRootfs(context: Context, bundle: LoadedBundle): string {
  const given = bundle.config.root?.path ?? '';
  const path = resolvePath(bundle.directory, given);
  const { native } = context.host;
  const pointer = '/root/path';
  const status = ask('look at root.path', path, () => native.status(path, true));
  if (status === undefined)
    throw new Failure('invalid', `root.path: root filesystem "${path}" does not exist`, { pointer });
  if ((status.mode & 0o170000) !== 0o040000) {
    throw new Failure('invalid', `root.path: root filesystem "${path}" is not a directory`, { pointer });
  }
  return ask('find root.path', path, () => native.realPath(path));
}

/** Which way the terminal leaves; refuses combinations that make no sense before anything happens. */
export function checkTerminal(
  config: Config,
  options: Pick<CreateOptions, 'consoleSocket' | 'relaysTerminal'>,
  mode: Pick<CreateMode, 'ownTerminal'>,
  native: Native,
): void {
  const terminal = config.process?.terminal === true;
  if (terminal && mode.ownTerminal && options.relaysTerminal) requireOwnTerminal(native);
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
  checkPreserved(host, options.preserveFds, options.listenFds ?? 0);
  const bundle = await loadBundle(host.native, options.bundle);
  for (const warning of bundle.warnings) context.warn(warning);
  const { config } = bundle;
  await tellUnknown(context, 'Config', config);
  watch.lap('load and validate the bundle');
  if (!mode.waits && config.process === undefined) {
    throw new Failure('invalid', 'config.json has no process to run', { pointer: '/process' });
  }
  checkTerminal(config, options, mode, host.native);
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
  const resctrl = openResctrl(
    host.native,
    context.resctrl ?? resctrlRoot,
    config.linux?.intelRdt,
    options.id,
  );
  const recompile = (): Plan => {
    const facts = gatherFacts(host, cgroupView(layout, cgroup), resctrl?.joinPaths ?? [], config);
    const request = {
      bundle: bundle.directory,
      rootfs,
      noPivot: options.noPivot,
      startChannel: mode.waits,
      console: options.consoleSocket === undefined ? 'parent' : 'socket',
      terminalSize: config.process?.terminal && mode.ownTerminal ? ownTerminalSize(host.native) : undefined,
      preserve: options.preserveFds + (options.listenFds ?? 0),
      listenFds: options.listenFds ?? 0,
      seccomp: filter?.program,
      keyring: options.noNewKeyring ? undefined : `_ses.${options.id}`,
    } as const;
    return createPlan(config, request, facts);
  };
  const plan = recompile();
  watch.lap('compile the plan');
  return { bundle, cgroup, layout, filter, rootfs, resctrl, plan, recompile };
}
