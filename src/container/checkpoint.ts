import { detectCgroups } from '../cgroup/layout/detect-cgroups.ts';
import { socketNumber } from '../criu/criu.ts';
import { findCriu } from '../criu/find-criu.ts';
import { type CriuOptions, networkLocks } from '../criu/messages.ts';
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import { parseMountTable } from '../host/mount-table.ts';
import { O_CLOEXEC } from '../host/open-flags.ts';
import type { Config } from '../spec/config.ts';
import { parseMountOptions } from '../spec/mount-options.ts';
import { isNew, namespaceOf } from '../spec/namespaces.ts';
import { askCriu } from './checkpoint/ask-criu.ts';
import { cgroupRoots, freezerDirectory } from './checkpoint/cgroup-roots.ts';
import { commonOptions } from './checkpoint/criu-choices.ts';
import { externalMounts } from './checkpoint/external-mounts.ts';
import { Images } from './checkpoint/images.ts';
import { restrictionsOf } from './checkpoint/mount-attributes.ts';
import { externalNamespaces } from './checkpoint/namespaces.ts';
import { placeInRoot } from './checkpoint/place-in-root.ts';
import { standardStreams } from './checkpoint/standard-streams.ts';
import type { CheckpointOptions } from './checkpoint/types.ts';
import { endsWithin } from './process/end-process.ts';
import { withContainer } from './record/open-container.ts';
import type { ContainerRecord } from './record/record.ts';
import { remove } from './remove.ts';
import type { Context } from './types.ts';

const maximumTable = 64 * 1024 * 1024;
/** How long the processes that CRIU killed may take to disappear, in milliseconds. */
const patience = 10_000;

/**
 * `checkpoint`: saves the processes of a container to a directory, by CRIU. Unless they are left running they have
 * ended then, and the container is deleted, so that it can be restored under its own id.
 *
 * Throws `Failure`: `not-found`, `status`, `invalid`, `unsupported` without a CRIU that can do it, `system` with
 * CRIU's own words; the container runs on as it was then.
 */
export async function checkpoint(context: Context, id: string, options: CheckpointOptions): Promise<void> {
  const { host } = context;
  const program = findCriu(host.native, context.criu);
  const stays = options.leaveRunning || options.preDump;
  await withContainer(context, id, 'checkpoint', async (container) => {
    const { record } = container;
    const config = container.config();
    refuseUnsupported(config);
    refuseAdded(record);
    await dump(context, program, { record, config, options });
    if (!stays && !(await endsWithin(host, record.init, patience)))
      throw new Failure('system', `container "${id}" was saved, but its process did not end`);
  });
  if (!stays) await remove(context, id, { force: true });
}

/** What CRIU would lose without a word. */
function refuseUnsupported({ mounts = [], linux }: Config): void {
  const mapped = mounts.findIndex(
    ({ uidMappings, options }) => uidMappings !== undefined || parseMountOptions(options).idmap !== 'no',
  );
  if (mapped >= 0)
    throw new Failure('unsupported', 'CRIU does not keep the ids of an idmapped mount', {
      pointer: `/mounts/${mapped}`,
    });
  const entry = namespaceOf(linux, 'mount');
  if (entry !== undefined && !isNew(entry))
    throw new Failure('unsupported', 'a container in a mount namespace of others cannot be checkpointed', {
      pointer: `/linux/namespaces/${linux?.namespaces?.indexOf(entry)}`,
    });
}

/** A restore has config.json alone to tell it where a mount comes from. */
function refuseAdded({ mounts = [] }: ContainerRecord): void {
  if (mounts.length === 0) return;
  const places = mounts.map(({ destination }) => destination).join(', ');
  throw new Failure('unsupported', `mounts that were added (${places}) cannot be restored`, {
    hint: 'Take them off with `tsoci mounts remove` first',
  });
}

interface Dump {
  readonly record: ContainerRecord;
  readonly config: Config;
  readonly options: CheckpointOptions;
}

async function dump(context: Context, program: string, { record, config, options }: Dump): Promise<void> {
  const { host } = context;
  const { native } = host;
  const pid = record.init?.pid ?? 0;
  const images = Images.make(native, options.imagePath);
  const file = ask('open CRIU', program, () => native.open(program, O_CLOEXEC, 0));
  try {
    if (options.workPath !== undefined) images.workIn(options.workPath);
    const inside = parseMountTable(native.readText(`/proc/${pid}/mountinfo`, maximumTable));
    const outside = parseMountTable(native.readText('/proc/self/mountinfo', maximumTable));
    const place = placeInRoot(native, `/proc/${pid}/root`);
    const mounts = externalMounts(config, inside, outside, place);
    // Known in the images by what covers them, as runc has it.
    const masked = new Set((config.linux?.maskedPaths ?? []).map(place));
    const streams = standardStreams(native, pid, inside);
    const noted = inside.map((mount) => ({
      target: mount.target,
      attributes: restrictionsOf(mount),
      external: mounts.includes(mount.target),
    }));
    if (!options.preDump) images.writeNotes({ streams: streams.names, mounts: noted });
    const logFile = options.preDump ? 'pre-dump.log' : 'dump.log';
    const dumped: CriuOptions = {
      ...commonOptions(native, options, { images, config, logFile }),
      ...dumpOptions(context, record, options, images),
      pid,
      external: [...streams.external, ...externalNamespaces(native, config, pid)],
      ext_mnt: mounts.map((path) => ({ key: path, val: masked.has(path) ? '/dev/null' : path })),
    };
    await askCriu(
      host,
      { file, argv: ['criu', 'swrk', String(socketNumber)], ownStreams: options.shellJob, inherited: [] },
      {
        type: options.preDump ? 'preDump' : 'dump',
        options: dumped,
        images,
        logFile,
        ...featureFor(options),
        notified: () => Promise.resolve(),
      },
    );
  } finally {
    native.close(file);
    images.close();
  }
}

function dumpOptions(
  { host }: Context,
  { cgroup, rootfs, namespaces }: ContainerRecord,
  options: CheckpointOptions,
  images: Images,
): CriuOptions {
  const freezer = cgroup && freezerDirectory(cgroup);
  const { parentPath, pageServer, statusFd, networkLock } = options;
  return {
    leave_running: options.leaveRunning,
    tcp_skip_in_flight: options.tcpSkipInFlight,
    track_mem: options.preDump || parentPath !== undefined,
    ...(namespaces.includes('mount') && { root: rootfs }),
    ...defined({
      freeze_cgroup: freezer,
      cg_root: cgroup && cgroupRoots(detectCgroups(host.native), cgroup),
      parent_img: parentPath === undefined ? undefined : images.parent(parentPath),
      ps: pageServer,
      status_fd: statusFd,
      network_lock: networkLock && networkLocks[networkLock],
    }),
  };
}

function featureFor({ preDump, lazyPages }: CheckpointOptions) {
  if (preDump)
    return {
      feature: { name: 'mem_track', missing: '--pre-dump needs a kernel that tracks changes of memory' },
    } as const;
  if (lazyPages)
    return { feature: { name: 'lazy_pages', missing: '--lazy-pages needs userfaultfd(2)' } } as const;
  return {};
}
