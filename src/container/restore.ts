import type { Criu } from '../criu/criu.ts';
import type { CriuOptions } from '../criu/messages.ts';
import { defined } from '../defined.ts';
import type { Resources } from '../spec/config.ts';
import { hostIdOf } from '../spec/id-mappings.ts';
import { hasNamespace } from '../spec/namespaces.ts';
import { askCriu } from './checkpoint/ask-criu.ts';
import { cgroupRoots } from './checkpoint/cgroup-roots.ts';
import { commonOptions } from './checkpoint/criu-choices.ts';
import { externalSources } from './checkpoint/external-mounts.ts';
import { expectedMounts, keepAttributes } from './checkpoint/mount-attributes.ts';
import { RestoreAnswers, type Restoring } from './checkpoint/notified.ts';
import { placeInRoot } from './checkpoint/place-in-root.ts';
import { prepareRestore, type Restoration } from './checkpoint/prepare-restore.ts';
import { cgroupPlaces, enterCgroup } from './checkpoint/restore-cgroup.ts';
import { openRestore, type RestoreStart } from './checkpoint/restore-start.ts';
import { ownWorkPath, removeOwnWork } from './checkpoint/restore-work.ts';
import type { RestoreOptions } from './checkpoint/types.ts';
import { attempt } from './create/attempt.ts';
import { delegateCgroup, giveCgroup } from './create/cgroup-owner.ts';
import { newRecord } from './create/new-record.ts';
import { splitLimits } from './create/split-limits.ts';
import { tellExit } from './process/exits.ts';
import { runPoststart } from './start.ts';
import type { Context, Foreground } from './types.ts';

const logFile = 'restore.log';

/**
 * `restore`: makes a container of a bundle and of the processes that `checkpoint` saved; they go on where they were.
 * Its first process is our own child; in the foreground the caller goes on with `supervise`.
 *
 * Throws `Failure` as `create` and `checkpoint` do; everything that was made until then is undone first.
 */
export async function restore(context: Context, options: RestoreOptions): Promise<Foreground> {
  const restoration = prepareRestore(context, options);
  try {
    const record = newRecord(context, options, { ...restoration, filter: undefined, startNotes: [] });
    const restored = await attempt(context, record, (attempted) =>
      build({ context, options, restoration, attempt: attempted }),
    );
    tellExit(context, options.id, restored.pid);
    return restored;
  } finally {
    restoration.images.close();
  }
}

async function build(restoring: Restoring): Promise<Foreground> {
  const { context, options, restoration, attempt: attempted } = restoring;
  const { bundle, cgroup } = restoration;
  attempted.claim(cgroup);
  attempted.store.writeConfig(options.id, bundle.text);
  const work =
    options.workPath === undefined && !options.lazyPages ? ownWorkPath(context.root, options.id) : undefined;
  openWork(restoration, options.workPath ?? work);
  const answers = new RestoreAnswers(restoring);
  await restoreProcesses(restoring, answers);
  await runPoststart(context, attempted.record);
  if (work !== undefined) removeOwnWork(context.host.native, work);
  const { pid, terminal } = answers;
  return defined({ pid, terminal });
}

/**
 * The server of lazy pages has its socket in the directory of the images unless told otherwise; all else goes to one
 * of ours.
 */
function openWork({ images, bundle }: Restoration, path: string | undefined): void {
  if (path !== undefined) images.workIn(path);
  const group = hostIdOf(0, bundle.config.linux?.gidMappings);
  if (group !== undefined) images.letIn(group);
}

async function restoreProcesses(restoring: Restoring, answers: RestoreAnswers): Promise<void> {
  const { context, options, restoration } = restoring;
  const { host } = context;
  const { bundle, cgroup, images } = restoration;
  const limits = splitLimits(bundle.config.linux?.resources);
  const makesCgroup = await makeGroups(restoring, limits.before);
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
    given: options.streams,
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
        await cgroup.adopt?.(options.id, criu.pid, limits.before);
        return openDirectories(restoring, opened, criu);
      },
      notified: async (notification) => {
        await answers.notified(notification);
        if (notification.script === 'post-restore') await keepAttributes(host, notification.pid, mounts);
      },
    });
  } finally {
    opened.close();
  }
  delegateCgroup(context, cgroup, bundle.config);
  const late = makesCgroup ? limits.after : bundle.config.linux?.resources;
  if (late !== undefined) await cgroup.update(late, '/linux/resources');
  for (const warning of cgroup.warnings) context.warn(warning);
}

/** CRIU is there, and has the directories of the images open: its own are those that were looked at. */
async function openDirectories(
  { context, options, restoration }: Restoring,
  opened: RestoreStart,
  criu: Criu,
): Promise<CriuOptions> {
  const { cgroup, images } = restoration;
  if (cgroup.adopt === undefined && options.manageCgroupsMode === 'ignore')
    enterCgroup(context.host.native, cgroup, criu.pid);
  const next = async (): Promise<number> => {
    const descriptor = await criu.descriptor();
    opened.own(descriptor);
    return descriptor;
  };
  const [images_dir_fd, work_dir_fd] = [await next(), await next()];
  images.checkSame(images_dir_fd, work_dir_fd);
  return { images_dir_fd, work_dir_fd };
}

/** Makes what limits the container; false where CRIU makes the cgroup itself, and only where it is not there yet. */
async function makeGroups(
  { context, options, restoration, attempt: attempted }: Restoring,
  limits: Resources | undefined,
): Promise<boolean> {
  const { bundle, cgroup, resctrl } = restoration;
  const makesCgroup = options.manageCgroupsMode !== 'strict';
  if (makesCgroup) await cgroup.create();
  attempted.ownCgroup(cgroup);
  if (makesCgroup) {
    await cgroup.apply(limits);
    if (cgroup.adopt === undefined) giveCgroup(context, cgroup, bundle.config);
  }
  attempted.makeResctrl(resctrl);
  return makesCgroup;
}

function restoreOptions(
  { host }: Context,
  options: RestoreOptions,
  { bundle, rootfs, layout, cgroup, images }: Restoration,
): CriuOptions {
  const { lsmProfile, lsmMountContext } = options;
  return {
    ...commonOptions(host.native, options, { images, config: bundle.config, logFile }),
    ...(hasNamespace(bundle.config.linux, 'mount') && { root: rootfs }),
    rst_sibling: true,
    // CRIU's newer way (3.17) cannot restore two mounts of one shared filesystem of the host: two volumes, or two
    // devices.
    mntns_compat_mode: true,
    cg_root: cgroupRoots(layout, cgroup.saved),
    ...(options.tcpClose && { tcp_close: true }),
    ...defined({ lsm_profile: lsmProfile, lsm_mount_context: lsmMountContext }),
  };
}
