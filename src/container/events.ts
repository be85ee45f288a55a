import type { SavedCgroup } from '../cgroup/saved-cgroup.ts';
import type { CgroupStatistics } from '../cgroup/statistics/cgroup-statistics.ts';
import { type OomWatch, watchOom } from '../cgroup/statistics/oom-watch.ts';
import type { Host } from '../host/host.ts';
import { hasErrno } from '../host/native.ts';
import { readSchemata } from '../resctrl/schemata.ts';
import { openProcess } from './process/process-identity.ts';
import { type OpenContainer, openContainer } from './record/open-container.ts';
import { type StatisticsDocument, statisticsDocument } from './statistics-document.ts';
import type { Context } from './types.ts';

/** What `events` tells, one line each. */
export type ContainerEvent =
  | { readonly type: 'stats'; readonly id: string; readonly data: StatisticsDocument }
  | { readonly type: 'oom'; readonly id: string };

function openMeasured(context: Context, id: string): OpenContainer {
  const container = openContainer(context, id);
  container.require('events');
  return container;
}

function document(context: Context, container: OpenContainer): StatisticsDocument {
  const rdt = readSchemata(context.host.native, container.record.resctrl ?? []);
  const cgroup = container.limitedCgroup();
  return statisticsDocument(cgroup.statistics(), cgroup.saved.mode, rdt);
}

/**
 * `events --stats`: what the container uses now.
 * Throws `Failure`: `not-found`, `status` when it has stopped, `unsupported` when it has no cgroup.
 */
export async function statistics(context: Context, id: string): Promise<StatisticsDocument> {
  return document(context, openMeasured(context, id));
}

/** The same as numbers, and the layout of the cgroup that they are of. Throws `Failure` as {@link statistics}. */
export async function measure(
  context: Context,
  id: string,
): Promise<{ readonly statistics: CgroupStatistics; readonly mode: SavedCgroup['mode'] }> {
  const cgroup = openMeasured(context, id).limitedCgroup();
  return { statistics: cgroup.statistics(), mode: cgroup.saved.mode };
}

/** At most so long does a library user's `return()` wait, in milliseconds. */
const slice = 1000;

/**
 * `events`: statistics each `interval` milliseconds, and at once an `oom` for each time that the kernel ran out of
 * memory in the container's cgroup. Ends when the container's process has ended. Throws `Failure` as {@link
 * statistics}.
 */
export async function* events(
  context: Context,
  id: string,
  { interval }: { readonly interval: number },
): AsyncGenerator<ContainerEvent, void> {
  const { host } = context;
  const { native } = host;
  const container = openMeasured(context, id);
  const cgroup = container.limitedCgroup();
  const init = container.record.init && openProcess(native, container.record.init);
  if (init === undefined) return;
  let watch: OomWatch | undefined;
  try {
    watch = watchOom(native, cgroup.saved);
    const descriptors = watch === undefined ? [init] : [init, watch.descriptor];
    for (let next = now(host) + interval; ; ) {
      const ready = await poll(host, descriptors, next - now(host));
      // The last thing that a container does may be to run out of memory.
      if (watch !== undefined && watch.take() > 0) yield { type: 'oom', id };
      if (ready.includes(init)) return;
      if (now(host) < next) continue;
      const data = tryDocument(context, container);
      if (data === undefined) return;
      yield { type: 'stats', id, data };
      next = Math.max(next + interval, now(host));
    }
  } finally {
    watch?.close();
    native.close(init);
  }
}

/** Milliseconds of the monotonic clock. */
function now(host: Host): number {
  return Number(host.native.monotonic()) / 1e6;
}

async function poll(host: Host, descriptors: readonly number[], milliseconds: number): Promise<number[]> {
  return host.wait.readable(descriptors, Math.min(Math.max(0, Math.ceil(milliseconds)), slice));
}

/** Undefined when the container was deleted under our eyes. */
function tryDocument(context: Context, container: OpenContainer): StatisticsDocument | undefined {
  try {
    return document(context, container);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}
