import { type LoadedBundle, loadBundle } from '../../bundle/load-bundle.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { cgroupView } from '../../cgroup/cgroup-view.ts';
import type { CgroupLayout } from '../../cgroup/layout/cgroup-layout.ts';
import { detectCgroups, detectCgroupsIfAny } from '../../cgroup/layout/detect-cgroups.ts';
import { newCgroup } from '../../cgroup/new-cgroup.ts';
import { Failure } from '../../failure.ts';
import { isDirectory } from '../../host/file-types.ts';
import { ask } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import { O_CLOEXEC, O_PATH } from '../../host/open-flags.ts';
import { Stopwatch } from '../../host/stopwatch.ts';
import { createPlan } from '../../plan/create-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { openResctrl, type ResctrlGroup, resctrlRoot } from '../../resctrl/group.ts';
import type { Config } from '../../spec/config.ts';
import { hasNamespace } from '../../spec/namespaces.ts';
import { resolvePath } from '../../spec/path.ts';
import type { Notifications } from '../notify/notifications.ts';
import { checkPreserved } from '../process/check-preserved.ts';
import { ownTerminalSize, requireOwnTerminal } from '../process/own-terminal.ts';
import { checkId } from '../record/identifier.ts';
import { notifyDirectory } from '../record/notify-files.ts';
import { Store } from '../record/store.ts';
import { tellUnknown } from '../tell-unknown.ts';
import type { Context, CreateOptions } from '../types.ts';
import { checkHostNamespaces } from './check-host-namespaces.ts';
import { type CompletedBundle, completeBundle } from './complete-bundle.ts';
import { findKernelViews, gatherFacts } from './host-facts.ts';
import { compileFilter, type Filter } from './seccomp-filter.ts';
import { findSourceLinks } from './source-links.ts';

/** Everything that is known before anything is changed. */
export interface Preparation {
  readonly bundle: LoadedBundle;
  /** What was added to its config for who calls. */
  readonly added: readonly string[];
  readonly cgroup: Cgroup;
  readonly layout: CgroupLayout;
  readonly filter: Filter | undefined;
  readonly rootfs: string;
  /** The root filesystem itself, opened; closed by `close`. */
  readonly rootDirectory: number;
  readonly resctrl: ResctrlGroup | undefined;
  /** The directory to be made for what the container tells the service manager. */
  readonly notify: string | undefined;
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
  /** See `LaunchRequest.keepsStub`. */
  readonly keepsStub?: boolean;
  /** Listens to the container from before it runs. */
  readonly notifications?: Notifications;
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
      hint: 'Give --console-socket, or use `tsoci run` in the foreground, or set process.terminal to false',
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
  const loaded = loadBundle(host.native, options.bundle, options.config);
  const { bundle, added } = completeBundle(host.native, loaded);
  for (const each of added) context.warn(each);
  for (const warning of bundle.warnings) context.warn(warning);
  const { config } = bundle;
  tellUnknown(context, 'Config', config);
  watch.lap('load and validate the bundle');
  if (!mode.waits && config.process === undefined) {
    throw new Failure('invalid', 'config.json has no process to run', { pointer: '/process' });
  }
  checkTerminal(config, options, mode, host.native);
  checkHostNamespaces(host.native, config);
  const root = openRootfs(context, bundle);
  try {
    return await compile(context, options, mode, { bundle, added, root });
  } catch (error) {
    host.native.close(root.descriptor);
    throw error;
  }
}

/** How cgroups are mounted, and the one that a container is to have; nothing is made yet. */
export function findCgroup(
  context: Context,
  id: string,
  config: Config,
): { readonly layout: CgroupLayout; readonly cgroup: Cgroup } {
  const { host, cgroupManager, rootless } = context;
  const detect = cgroupManager === 'disabled' ? detectCgroupsIfAny : detectCgroups;
  const layout = detect(host.native);
  const cgroup = newCgroup(host, layout, {
    id,
    cgroupsPath: config.linux?.cgroupsPath,
    manager: cgroupManager,
    annotations: config.annotations,
    rootless,
    warn: (sentence) => context.warn(sentence),
  });
  return { layout, cgroup };
}

async function compile(
  context: Context,
  options: CreateOptions,
  mode: CreateMode,
  { bundle, added, root }: CompletedBundle & { readonly root: OpenRoot },
): Promise<Preparation> {
  const { host } = context;
  const { config } = bundle;
  const watch = new Stopwatch(context);
  const { layout, cgroup } = findCgroup(context, options.id, config);
  watch.lap('find the cgroups');
  const filter = await compileFilter(context, config);
  watch.lap('compile the seccomp filter');
  const resctrl = openResctrl(
    host.native,
    context.resctrl ?? resctrlRoot,
    config.linux?.intelRdt,
    options.id,
  );
  const sourceLinks = findSourceLinks(host.native, bundle.directory, config);
  const notify = directoryToNotify(context, options, config);
  const recompile = (): Plan => {
    const facts = {
      ...gatherFacts(host, cgroupView(layout, cgroup), resctrl?.joinPaths ?? [], config),
      sourceLinks,
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
      notify,
      seccomp: filter?.program,
      keyring: options.noNewKeyring ? undefined : `_ses.${options.id}`,
    } as const;
    return createPlan(config, request, facts);
  };
  const plan = recompile();
  watch.lap('compile the plan');
  const close = (): void => host.native.close(root.descriptor);
  const { path: rootfs, descriptor: rootDirectory } = root;
  const opened = { rootfs, rootDirectory, notify };
  return { bundle, added, cgroup, layout, filter, resctrl, plan, recompile, close, ...opened };
}

/** Where the container's socket for the service manager will be, where somebody waits for its word. */
function directoryToNotify(
  context: Context,
  { id, notifySocket }: Pick<CreateOptions, 'id' | 'notifySocket'>,
  { linux }: Pick<Config, 'linux'>,
): string | undefined {
  if (notifySocket === undefined) return undefined;
  if (hasNamespace(linux, 'mount')) {
    return notifyDirectory(new Store(context.host.native, context.root), id);
  }
  context.warn('NOTIFY_SOCKET is not passed on: the container has no mount namespace to show it a socket in');
  return undefined;
}
