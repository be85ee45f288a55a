import { type OomWatch, watchOom } from '../cgroup/oom-watch.ts';
import type { Host } from '../host/host.ts';
import { hasErrno } from '../host/native.ts';
import { type Observed, observe } from './observe.ts';
import { openProcess } from './process-identity.ts';
import { readSchemata } from './resctrl-schemata.ts';
import { type StatisticsDocument, statisticsDocument } from './statistics-document.ts';
import type { Context } from './types.ts';

/** What `events` tells, one line each. */
export type ContainerEvent =
  | { readonly type: 'stats'; readonly id: string; readonly data: StatisticsDocument }
  | { readonly type: 'oom'; readonly id: string };

function document(context: Context, { record, cgroup }: Observed): StatisticsDocument {
  const rdt = readSchemata(context.host.native, record.resctrl ?? []);
  return statisticsDocument(cgroup.statistics(), cgroup.saved.mode, rdt);
}

/**
 * `events --stats`: what the container uses now.
 * Throws `Failure`: `not-found`, `status` when it has stopped, `unsupported` when it has no cgroup.
 */
export async function statistics(context: Context, id: string): Promise<StatisticsDocument> {
  return document(context, observe(context, id, 'events'));
}

/** At most so long does a library user's `return()` wait, in milliseconds. */
const slice = 1000;

/**
 * `events`: statistics each `interval` milliseconds, and at once an `oom` for each time that the kernel ran out of memory in the
 * container's cgroup. Ends when the container's process has ended.
 * Throws `Failure` as {@link statistics}.
 */
export async function* events(
  context: Context,
  id: string,
  { interval }: { readonly interval: number },
): AsyncGenerator<ContainerEvent, void> {
  const { host } = context;
  const { native } = host;
  const observed = observe(context, id, 'events');
  const init = observed.record.init && openProcess(native, observed.record.init);
  if (init === undefined) return;
  let watch: OomWatch | undefined;
  try {
    watch = watchOom(native, observed.cgroup.saved);
    const descriptors = watch === undefined ? [init] : [init, watch.descriptor];
    for (let next = now(host) + interval; ; ) {
      const ready = await poll(host, descriptors, next - now(host));
      // The last thing that a container does may be to run out of memory.
      if (watch !== undefined && watch.take() > 0) yield { type: 'oom', id };
      if (ready.includes(init)) return;
      if (now(host) < next) continue;
      const data = tryDocument(context, observed);
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
function tryDocument(context: Context, observed: Observed): StatisticsDocument | undefined {
  try {
    return document(context, observed);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}
