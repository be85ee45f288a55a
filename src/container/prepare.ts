import type { Config } from '../bundle/config.ts';
import { type LoadedBundle, loadBundle } from '../bundle/load-bundle.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { CgroupLayout } from '../cgroup/cgroup-layout.ts';
import { cgroupView } from '../cgroup/cgroup-view.ts';
import { detectCgroups } from '../cgroup/detect-cgroups.ts';
import { openCgroup } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { isDirectory } from '../host/file-types.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import { O_CLOEXEC, O_PATH } from '../host/open-flags.ts';
import { createPlan } from '../plan/create-plan.ts';
import { resolvePath } from '../plan/path.ts';
import type { Plan } from '../plan/plan.ts';
import { checkHostNamespaces } from './check-host-namespaces.ts';
import { checkPreserved } from './check-preserved.ts';
import { findKernelViews, gatherFacts } from './host-facts.ts';
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
  /** The root filesystem itself, opened; closed by `close`. */
  readonly rootDirectory: number;
  readonly resctrl: ResctrlGroup | undefined;
  readonly plan: Plan;
  /** Compiles the plan again, when making the cgroup has shown that not all of it can be used. */
  recompile(): Plan;
  close(): void;
}

/** How a new container is started: it waits for `start`, or goes on at once (`run`). */
export interface CreateMode {
  readonly waits: boolean;
  /** The master of a new terminal comes to us instead of going to a console socket. */
  readonly ownTerminal: boolean;
}

/** The root filesystem, opened: whatever happens to its path from now on, this directory is meant. */
export interface OpenRoot {
  readonly descriptor: number;
  /** Absolute, without links. */
  readonly path: string;
}

/** Opens the root filesystem. Throws `Failure` (`invalid`) unless it is a directory. */
export function openRootfs({ host: { native } }: Context, bundle: LoadedBundle): OpenRoot {
  const path = resolvePath(bundle.directory, bundle.config.root?.path ?? '');
  const refuse = (what: string): Failure =>
    new Failure('invalid', `root.path: root filesystem "${path}" ${what}`, { pointer: '/root/path' });
  let descriptor: number;
  try {
    // The slash has it be a directory; the flag for that has another number on each architecture.
    descriptor = native.open(`${path}/`, O_PATH | O_CLOEXEC, 0);
  } catch (error) {
    const status = ask('look at root.path', path, () => native.status(path, true));
    if (status === undefined) throw refuse('does not exist');
    if (!isDirectory(status)) throw refuse('is not a directory');
    return ask('open root.path', path, () => {
      throw error;
    });
  }
  try {
    return { descriptor, path: native.readLink(`/proc/self/fd/${descriptor}`) };
  } catch (error) {
    native.close(descriptor);
    throw error;
  }
}

/** The root filesystem's absolute path. Throws `Failure` (`invalid`) unless it is a directory. */
export function findRootfs(context: Context, bundle: LoadedBundle): string {
  const { descriptor, path } = openRootfs(context, bundle);
  context.host.native.close(descriptor);
  return path;
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
  checkHostNamespaces(host.native, config);
  const root = openRootfs(context, bundle);
  try {
    return await compile(context, options, mode, bundle, root);
  } catch (error) {
    host.native.close(root.descriptor);
    throw error;
  }
}

async function compile(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
  bundle: LoadedBundle,
  root: OpenRoot,
): Promise<Preparation> {
  const { host } = context;
  const { config } = bundle;
  const watch = new Stopwatch(context);
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
    const facts = {
      ...gatherFacts(host, cgroupView(layout, cgroup), resctrl?.joinPaths ?? [], config),
      ...(options.noPivot && { kernelViews: findKernelViews(host.native) }),
    };
    const request = {
      bundle: bundle.directory,
      rootfs: root.path,
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
  const close = (): void => host.native.close(root.descriptor);
  const { path: rootfs, descriptor: rootDirectory } = root;
  return { bundle, cgroup, layout, filter, rootfs, rootDirectory, resctrl, plan, recompile, close };
}
