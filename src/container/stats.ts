import type { BlockIoEntry, Pressure } from '../cgroup/statistics/cgroup-statistics.ts';
import type { CgroupUsage } from '../cgroup/statistics/usage.ts';
import { Failure } from '../failure.ts';
import { hasErrno } from '../host/native.ts';
import { openContainer } from './record/open-container.ts';
import { Store } from './record/store.ts';
import type { Context, Status } from './types.ts';

/** What one container uses. A part is undefined when the machine does not measure it; a limit, when there is none. */
export interface ContainerUsage {
  readonly id: string;
  readonly status: Status;
  /** Since the look before: 100 is one processor. */
  readonly cpuPercent: number | undefined;
  /** Share of periods in which the CPU limit held it back, since the look before; undefined without a limit. */
  readonly throttledPercent: number | undefined;
  /** Bytes. */
  readonly memory: { readonly usage: number; readonly limit: number | undefined } | undefined;
  readonly pids: { readonly current: number; readonly limit: number | undefined } | undefined;
  /** Bytes of block devices since the container was created. */
  readonly blockIo: { readonly read: number; readonly written: number } | undefined;
  /** Percent of the last ten seconds in which a process waited. */
  readonly pressure: {
    readonly cpu: number | undefined;
    readonly memory: number | undefined;
    readonly io: number | undefined;
  };
}

/** One look at one container. */
interface Sample {
  readonly id: string;
  readonly status: Status;
  readonly nanoseconds: bigint;
  readonly used: CgroupUsage;
}

/**
 * The first look is followed by the second at most so soon, so that the first table does not keep one waiting.
 * Milliseconds.
 */
const firstInterval = 250;

/** Undefined when it has ended, or has nothing to look at, and was not asked for by name. */
function look(
  context: Context,
  id: string,
  named: boolean,
  unmeasured?: (id: string, why: Failure) => void,
): Sample | undefined {
  try {
    const container = openContainer(context, id);
    const status = container.require('events');
    const cgroup = container.limitedCgroup();
    return { id, status, nanoseconds: context.host.native.monotonic(), used: cgroup.usage() };
  } catch (error) {
    const gone = hasErrno(error, 'ENOENT', 'ENODEV');
    if (error instanceof Failure && !named && error.code === 'unsupported') unmeasured?.(id, error);
    if (gone || (error instanceof Failure && !named)) return undefined;
    throw error;
  }
}

function bytesOf(entries: readonly BlockIoEntry[], operation: string): number {
  return entries.filter((entry) => entry.operation === operation).reduce((sum, { value }) => sum + value, 0);
}

const waiting = (pressure: Pressure | undefined): number | undefined => pressure?.some?.average10;

/** The share of `whole` in percent; undefined when nothing was counted. */
function percent(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.max(0, (100 * part) / whole) : undefined;
}

function usage(before: Sample | undefined, after: Sample): ContainerUsage {
  const { cpu, memory, pids, serviceBytes, pressure } = after.used;
  const old = before?.used.cpu;
  const elapsed = before === undefined ? 0 : Number(after.nanoseconds - before.nanoseconds);
  const grown = (now: number | undefined, then: number | undefined): number => (now ?? 0) - (then ?? 0);
  return {
    id: after.id,
    status: after.status,
    cpuPercent: cpu && old && percent(cpu.total - old.total, elapsed),
    throttledPercent:
      cpu &&
      old &&
      percent(grown(cpu.throttledPeriods, old.throttledPeriods), grown(cpu.periods, old.periods)),
    memory,
    pids,
    blockIo: serviceBytes && {
      read: bytesOf(serviceBytes, 'Read'),
      written: bytesOf(serviceBytes, 'Write'),
    },
    pressure: {
      cpu: waiting(pressure.cpu),
      memory: waiting(pressure.memory),
      io: waiting(pressure.io),
    },
  };
}

/**
 * What containers use, again and again: each list tells of the time since the one before. `ids` names the containers;
 * an empty list is all that run, as they come and go. With names, it ends when the last of them has ended.
 *
 * Throws `Failure`: for a container that was named and is not there (`not-found`), or has stopped already (`status`).
 */
export async function* stats(
  context: Context,
  ids: readonly string[],
  { interval }: { readonly interval: number },
): AsyncGenerator<ContainerUsage[], void> {
  const store = new Store(context.host.native, context.root);
  const all = ids.length === 0;
  // Said once: a table without rows does not tell that something runs.
  const told = new Set<string>();
  const unmeasured = (id: string, { message, hint }: Failure): void => {
    if (!told.has(id))
      context.warn(`nothing is measured: ${message}${hint === undefined ? '' : ` (${hint})`}`);
    told.add(id);
  };
  const sample = (first: boolean): Map<string, Sample> => {
    const found = (all ? store.ids() : [...new Set(ids)]).flatMap(
      (id) => look(context, id, first && !all, unmeasured) ?? [],
    );
    return new Map(found.map((each) => [each.id, each]));
  };
  let before = sample(true);
  for (let pause = Math.min(interval, firstInterval); all || before.size > 0; pause = interval) {
    await context.host.wait.pause(pause);
    const after = sample(false);
    yield [...after.values()].map((each) => usage(before.get(each.id), each));
    before = after;
  }
}
