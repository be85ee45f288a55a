import type {
  BlockIoEntry,
  CgroupStatistics,
  Pressure,
  PressureLine,
  RdmaCounter,
  UsageCounter,
} from '../../cgroup/statistics/cgroup-statistics.ts';
import { defined } from '../../defined.ts';
import { Failure } from '../../failure.ts';
import { hasErrno } from '../../host/native.ts';
import { encodeMessage, type MessageOf } from '../../protobuf.ts';
import { answerError } from '../task/answer-error.ts';
import type { Methods } from '../task/messages.ts';
import type { Shim } from '../task/shim.ts';
import type { Task } from '../task/task.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import {
  memoryEvents,
  memoryStatV1,
  memoryStatV2,
  metricsV1,
  metricsV1Url,
  metricsV2,
  metricsV2Url,
} from './messages.ts';

/** No limit: v1's number for it, and all bits on v2. */
const unlimitedV1 = 9223372036854771712n;
const unlimitedV2 = 18446744073709551615n;

/** Stats: what the container's cgroup uses. Throws `StatusError`, `notFound` when it has none (any more). */
export async function statsOf(shim: Shim, task: Task): Promise<MessageOf<Methods['Stats']['response']>> {
  try {
    const { statistics, mode } = await shim.containers.measure(task.context, task.id);
    const stats =
      mode === 'v2'
        ? { type_url: metricsV2Url, value: encodeMessage(metricsV2, ofV2(statistics)) }
        : { type_url: metricsV1Url, value: encodeMessage(metricsV1, ofV1(statistics)) };
    return { stats };
  } catch (error) {
    const gone =
      hasErrno(error, 'ENOENT', 'ENODEV') ||
      (error instanceof Failure && (error.code === 'status' || error.code === 'unsupported'));
    if (gone) throw new StatusError(codes.notFound, 'cgroup does not exist', { cause: error });
    throw answerError('', error);
  }
}

function whole(value: number | undefined): bigint {
  return BigInt(Math.max(0, Math.trunc(value ?? 0)));
}

/** Each number of memory.stat that has a place in the message. */
function numbersOf<Names extends Readonly<Record<string, number>>>(
  names: Names,
  raw: Readonly<Record<string, number>>,
): { readonly [N in keyof Names]: bigint } {
  return Object.fromEntries(Object.keys(names).map((name) => [name, whole(raw[name])])) as {
    readonly [N in keyof Names]: bigint;
  };
}

function rdmaOf(rdma: NonNullable<CgroupStatistics['rdma']>) {
  const list = (counters: Readonly<Record<string, RdmaCounter>>) =>
    Object.entries(counters).map(([device, { hcaHandles, hcaObjects }]) => ({
      device,
      hca_handles: hcaHandles ?? 0xffffffff,
      hca_objects: hcaObjects ?? 0xffffffff,
    }));
  return { current: list(rdma.current), limit: list(rdma.limit) };
}

// ---- v1 ----

function entryV1(counter: UsageCounter) {
  return {
    limit: counter.limit === undefined ? unlimitedV1 : whole(counter.limit),
    usage: whole(counter.usage),
    max: whole(counter.maximum),
    failcnt: whole(counter.failures),
  };
}

function blockIoV1(entries: readonly BlockIoEntry[]) {
  return entries.map(({ major, minor, operation, value }) => ({
    op: operation,
    device: `${major}:${minor}`,
    major: whole(major),
    minor: whole(minor),
    value: whole(value),
  }));
}

function memoryV1(memory: NonNullable<CgroupStatistics['memory']>) {
  return {
    ...numbersOf(memoryStatV1, memory.raw),
    usage: entryV1(memory.usage),
    ...defined({
      swap: memory.swap && entryV1(memory.swap),
      kernel: memory.kernel && entryV1(memory.kernel),
      kernel_tcp: memory.kernelTcp && entryV1(memory.kernelTcp),
    }),
  };
}

function ofV1({
  cpu,
  memory,
  pids,
  blockIo,
  hugepages,
  rdma,
}: CgroupStatistics): MessageOf<typeof metricsV1> {
  return {
    hugetlb: Object.entries(hugepages ?? {}).map(([pagesize, { usage, maximum, failures }]) => ({
      usage: whole(usage),
      max: whole(maximum),
      failcnt: whole(failures),
      pagesize,
    })),
    ...(pids && { pids: { current: whole(pids.current), limit: whole(pids.limit) } }),
    ...(cpu && {
      cpu: {
        usage: {
          total: whole(cpu.total),
          kernel: whole(cpu.system),
          user: whole(cpu.user),
          per_cpu: (cpu.perCpu ?? []).map(whole),
        },
        throttling: {
          periods: whole(cpu.periods),
          throttled_periods: whole(cpu.throttledPeriods),
          throttled_time: whole(cpu.throttledTime),
        },
      },
    }),
    ...(memory && { memory: memoryV1(memory), memory_oom_control: { oom_kill: whole(memory.oomKills) } }),
    ...(blockIo && {
      blkio: {
        io_service_bytes: blockIoV1(blockIo.serviceBytes),
        io_serviced: blockIoV1(blockIo.serviced),
      },
    }),
    ...(rdma && { rdma: rdmaOf(rdma) }),
  };
}

// ---- v2 ----

function pressureLine({ average10, average60, average300, total }: PressureLine) {
  return { avg10: average10, avg60: average60, avg300: average300, total: whole(total) };
}

function pressureOf(pressure: Pressure | undefined) {
  if (pressure === undefined) return {};
  const { some, full } = pressure;
  return { pressure: defined({ some: some && pressureLine(some), full: full && pressureLine(full) }) };
}

function limitV2(counter: UsageCounter): bigint {
  return counter.limit === undefined ? unlimitedV2 : whole(counter.limit);
}

function microseconds(nanoseconds: number | undefined): bigint {
  return whole((nanoseconds ?? 0) / 1000);
}

function memoryV2(memory: NonNullable<CgroupStatistics['memory']>) {
  const { usage, swapOnly } = memory;
  return {
    ...numbersOf(memoryStatV2, memory.raw),
    usage: whole(usage.usage),
    usage_limit: limitV2(usage),
    max_usage: whole(usage.maximum),
    ...(swapOnly && {
      swap_usage: whole(swapOnly.usage),
      swap_limit: limitV2(swapOnly),
      swap_max_usage: whole(swapOnly.maximum),
    }),
    ...pressureOf(memory.pressure),
  };
}

/** The operations of one device in one entry. */
function blockIoV2({ serviceBytes, serviced }: NonNullable<CgroupStatistics['blockIo']>) {
  const devices = new Map<
    string,
    Record<'major' | 'minor' | 'rbytes' | 'wbytes' | 'rios' | 'wios', bigint>
  >();
  const add = (entries: readonly BlockIoEntry[], read: 'rbytes' | 'rios', write: 'wbytes' | 'wios'): void => {
    for (const { major, minor, operation, value } of entries) {
      const key = `${major}:${minor}`;
      const entry = devices.get(key) ?? {
        major: whole(major),
        minor: whole(minor),
        rbytes: 0n,
        wbytes: 0n,
        rios: 0n,
        wios: 0n,
      };
      devices.set(key, entry);
      if (operation === 'Read') entry[read] = whole(value);
      else if (operation === 'Write') entry[write] = whole(value);
    }
  };
  add(serviceBytes, 'rbytes', 'wbytes');
  add(serviced, 'rios', 'wios');
  return [...devices.values()];
}

function ofV2({
  cpu,
  memory,
  pids,
  blockIo,
  hugepages,
  rdma,
}: CgroupStatistics): MessageOf<typeof metricsV2> {
  return {
    ...(pids && {
      pids: {
        current: whole(pids.current),
        limit: pids.limit === undefined ? unlimitedV2 : whole(pids.limit),
      },
    }),
    ...(cpu && {
      cpu: {
        usage_usec: microseconds(cpu.total),
        user_usec: microseconds(cpu.user),
        system_usec: microseconds(cpu.system),
        nr_periods: whole(cpu.periods),
        nr_throttled: whole(cpu.throttledPeriods),
        throttled_usec: microseconds(cpu.throttledTime),
        ...pressureOf(cpu.pressure),
      },
    }),
    ...(memory && {
      memory: memoryV2(memory),
      memory_events: numbersOf(memoryEvents, memory.events),
    }),
    ...(rdma && { rdma: rdmaOf(rdma) }),
    ...(blockIo && { io: { usage: blockIoV2(blockIo), ...pressureOf(blockIo.pressure) } }),
    hugetlb: Object.entries(hugepages ?? {}).map(([pagesize, counter]) => ({
      current: whole(counter.usage),
      max: limitV2(counter),
      pagesize,
      failcnt: whole(counter.failures),
    })),
  };
}
