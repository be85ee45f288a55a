import type { Config, Resources } from '../bundle/config.ts';
import type { Notification } from '../criu/criu.ts';
import type { CriuOptions } from '../criu/messages.ts';
import { Failure, withCleanup } from '../failure.ts';
import { endChild } from '../launch/launch.ts';
import { giveCgroup } from './cgroup-owner.ts';
import { askCriu } from './checkpoint/ask-criu.ts';
import { cgroupRoots } from './checkpoint/cgroup-roots.ts';
import { commonOptions } from './checkpoint/criu-choices.ts';
import { externalSources } from './checkpoint/external-mounts.ts';
import { fillNetwork } from './checkpoint/fill-network.ts';
import { expectedMounts, keepAttributes } from './checkpoint/mount-attributes.ts';
import { placeInRoot } from './checkpoint/place-in-root.ts';
import { prepareRestore, type Restoration } from './checkpoint/prepare-restore.ts';
import { cgroupPlaces, enterCgroup, enterResctrl } from './checkpoint/restore-cgroup.ts';
import { openRestore } from './checkpoint/restore-start.ts';
import { ownWorkPath, removeOwnWork } from './checkpoint/restore-work.ts';
import { takeTerminal } from './checkpoint/take-terminal.ts';
import type { RestoreOptions } from './checkpoint/types.ts';
import { Undo } from './cleanup.ts';
import { createHooks } from './create-hooks.ts';
import { tellExit } from './exits.ts';
import { splitLimits } from './late-limits.ts';
import { newRecord } from './new-record.ts';
import { removeIfThere, writePidFile } from './pid-file.ts';
import { identify } from './process-identity.ts';
import type { ContainerRecord } from './record.ts';
import { runPoststart } from './start.ts';
import { stateDocument } from './state-document.ts';
import { Store } from './store.ts';
import type { Context, Foreground } from './types.ts';

const logFile = 'restore.log';

/** What comes into being on the way. */
interface Progress {
  record: ContainerRecord;
  pid: number | undefined;
  terminal: number | undefined;
  hooked: boolean;
  /** Lets go of network devices that were moved. */
  keepDevices(): void;
}

/**
 * `restore`: makes a container of a bundle and of the processes that `checkpoint` saved; they go on where they were. Its first process is our
 * own child; in the foreground the caller goes on with `supervise`.
 *
 * Throws `Failure` as `create` and `checkpoint` do; everything that was made until then is undone first.
 */
export async function restore(context: Context, options: RestoreOptions): Promise<Foreground> {
  const { native } = context.host;
  const restoration = await prepareRestore(context, options);
  const { bundle, rootfs, cgroup, images } = restoration;
  const undo = new Undo();
  const store = new Store(native, context.root);
  const parts = { bundle, rootfs, cgroup, filter: undefined, startNotes: [] };
  const progress: Progress = {
    record: newRecord(context, options, parts),
    pid: undefined,
    terminal: undefined,
    hooked: false,
    keepDevices: () => undefined,
  };
  const lock = await store.reserve(context.host.wait, options.id);
  undo.add(() => store.remove(options.id));
  try {
    cgroup.checkUnused();
    const work =
      options.workPath === undefined && !options.lazyPages
        ? ownWorkPath(context.root, options.id)
        : undefined;
    openWork(restoration, options.workPath ?? work);
    store.write(progress.record);
    store.writeConfig(options.id, bundle.text);
    await build(context, options, restoration, { store, undo, progress });
    await runPoststart(context, progress.record);
    progress.keepDevices();
    if (work !== undefined) removeOwnWork(native, work);
  } catch (error) {
    throw withCleanup(error, await giveUp(context, undo, progress));
  } finally {
    images.close();
    lock.release();
  }
  const { pid = 0, terminal } = progress;
  tellExit(context, options.id, pid);
  return { pid, ...(terminal !== undefined && { terminal }) };
}

/** The server of lazy pages has its socket in the directory of the images unless told otherwise; all else goes to one of ours. */
function openWork({ images, bundle }: Restoration, path: string | undefined): void {
  if (path !== undefined) images.workIn(path);
  const { gidMappings = [] } = bundle.config.linux ?? {};
  const group = gidMappings.find(({ containerID }) => containerID === 0)?.hostID;
  if (group !== undefined) images.letIn(group);
}

async function giveUp(
  context: Context,
  undo: Undo,
  { record, terminal, hooked }: Progress,
): Promise<unknown[]> {
  const { native } = context.host;
  if (terminal !== undefined) native.close(terminal);
  const cleanup = await undo.run();
  if (hooked && record.poststop.length > 0) {
    const { runPoststopHooks } = await import('./hooks.ts');
    await runPoststopHooks(context, record.poststop, stateDocument(record, 'stopped', 0), context.warn);
  }
  return cleanup;
}

interface Making {
  readonly store: Store;
  readonly undo: Undo;
  readonly progress: Progress;
}

async function build(
  context: Context,
  options: RestoreOptions,
  restoration: Restoration,
  making: Making,
): Promise<void> {
  const { host } = context;
  const { bundle, cgroup, images } = restoration;
  const limits = splitLimits(bundle.config.linux?.resources);
  const makesCgroup = await makeGroups(context, options, restoration, making.undo, limits.before);
  const place = placeInRoot(host.native, restoration.rootfs);
  const notes = images.readNotes();
  const mounts = notes.mounts ?? expectedMounts(bundle.config, place);
  const opened = openRestore(host, {
    program: restoration.program,
    config: bundle.config,
    bundle: bundle.directory,
    rootfs: restoration.rootfs,
    place,
    streams: notes.streams,
    images,
    shellJob: options.shellJob,
  });
  try {
    const sources = { config: bundle.config, bundle: bundle.directory, rootfs: restoration.rootfs, place };
    await askCriu(host, opened.start, {
      type: 'restore',
      options: {
        ...restoreOptions(context, options, restoration),
        ...opened.options,
        ext_mnt: externalSources(mounts, {
          ...sources,
          cgroups: cgroupPlaces(bundle.config, restoration.layout, cgroup),
        }),
      },
      images,
      logFile,
      started: async (criu) => {
        await cgroup.adopt?.(criu.pid, limits.before);
        if (cgroup.adopt === undefined && options.manageCgroupsMode === 'ignore')
          enterCgroup(host.native, cgroup, criu.pid);
        const directories = { images_dir_fd: await criu.descriptor(), work_dir_fd: await criu.descriptor() };
        opened.own(...Object.values(directories));
        images.checkSame(directories.images_dir_fd, directories.work_dir_fd);
        return directories;
      },
      notified: async (notification) => {
        await onNotification(context, options, restoration, making, notification);
        if (notification.script === 'post-restore') await keepAttributes(host, notification.pid, mounts);
      },
    });
  } finally {
    opened.close();
  }
  const late = makesCgroup ? limits.after : bundle.config.linux?.resources;
  if (late !== undefined) await cgroup.update(late, '/linux/resources');
  for (const warning of cgroup.warnings) context.warn(warning);
}

/** Makes what limits the container; false where CRIU makes the cgroup itself, and only where it is not there yet. */
async function makeGroups(
  context: Context,
  { manageCgroupsMode }: RestoreOptions,
  { bundle, cgroup, resctrl }: Restoration,
  undo: Undo,
  limits: Resources | undefined,
): Promise<boolean> {
  const makesCgroup = manageCgroupsMode !== 'strict';
  if (makesCgroup) await cgroup.create();
  undo.add(() => cgroup.delete());
  if (makesCgroup) {
    await cgroup.apply(limits);
    if (cgroup.adopt === undefined) giveCgroup(context, cgroup, bundle.config);
  }
  if (resctrl !== undefined) {
    undo.add(() => resctrl.remove());
    resctrl.create();
  }
  return makesCgroup;
}

function restoreOptions(
  { host }: Context,
  options: RestoreOptions,
  { bundle, rootfs, layout, cgroup, images }: Restoration,
): CriuOptions {
  const { lsmProfile, lsmMountContext } = options;
  return {
    ...commonOptions(host.native, options, images, bundle.config, logFile),
    ...(hasMounts(bundle.config) && { root: rootfs }),
    rst_sibling: true,
    // CRIU's newer way (3.17) cannot restore two mounts of one shared filesystem of the host: two volumes, or two devices.
    mntns_compat_mode: true,
    cg_root: cgroupRoots(layout, cgroup.saved),
    ...(lsmProfile !== undefined && { lsm_profile: lsmProfile }),
    ...(lsmMountContext !== undefined && { lsm_mount_context: lsmMountContext }),
  };
}

function hasMounts({ linux }: Config): boolean {
  return linux?.namespaces?.some(({ type }) => type === 'mount') ?? false;
}

async function onNotification(
  context: Context,
  options: RestoreOptions,
  restoration: Restoration,
  { store, undo, progress }: Making,
  { script, pid, descriptor }: Notification,
): Promise<void> {
  const { native } = context.host;
  const { config } = restoration.bundle;
  if (script === 'orphan-pts-master' && descriptor !== undefined)
    progress.terminal = await takeTerminal(context.host, options, descriptor);
  else if (descriptor !== undefined) native.close(descriptor);
  if (script === 'setup-namespaces') {
    const moved = options.emptyNs.includes('network') ? await fillNetwork(native, config, pid) : undefined;
    if (moved !== undefined) {
      undo.add(() => moved.takeBack());
      progress.keepDevices = moved.keep;
    }
    progress.hooked = true;
    await createHooks(context, progress.record, config, pid);
  } else if (script === 'post-restore') {
    progress.pid = pid;
    undo.add(() => endChild(context.host, pid));
    const init = identify(native, pid);
    if (init === undefined) throw new Failure('system', 'the restored process died before it was recorded');
    const { cgroup, resctrl } = restoration;
    if (resctrl !== undefined) enterResctrl(native, resctrl, [pid, ...cgroup.processes()]);
    const saved = resctrl && { resctrl: resctrl.saved };
    progress.record = { ...progress.record, cgroup: cgroup.saved, init, ...saved };
    store.write(progress.record);
    const { pidFile } = options;
    if (pidFile === undefined) return;
    writePidFile(native, pidFile, options.id, pid);
    undo.add(() => removeIfThere(native, pidFile));
  }
}
