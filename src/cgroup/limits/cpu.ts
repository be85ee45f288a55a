import { Failure } from '../../failure.ts';
import type { CpuResources } from '../../spec/config.ts';
import type { PlanDraft } from './draft.ts';
import { digits, isSet } from './integer.ts';
import type { CgroupWrite } from './step.ts';

/** `linux.resources.cpu` (config-linux.md, "CPU"): the controllers `cpu` and `cpuset`; times are microseconds. */
export function planCpu(draft: PlanDraft, cpu: CpuResources, pointer: string): void {
  const { quota, burst } = cpu;
  if (isSet(quota) && BigInt(quota) > 0n && isSet(burst) && BigInt(burst) > BigInt(quota))
    throw new Failure(
      'invalid',
      `cannot apply ${pointer}/burst: ${digits(burst)} is above the quota ${digits(quota)}`,
      { pointer: `${pointer}/burst`, hint: 'A burst may be at most as large as the quota.' },
    );
  const limits: readonly (number | bigint | undefined)[] = [cpu.shares, quota, burst, cpu.period];
  const realtime = isSet(cpu.realtimeRuntime) || isSet(cpu.realtimePeriod);
  if (limits.some(isSet) || realtime || cpu.idle !== undefined || burst !== undefined) {
    // no idleness and no burst are what every cgroup starts with: no reason to fail where there is no controller
    const needed = limits.some(isSet) || realtime || cpu.idle === 1;
    const kind = needed ? draft.place('cpu', 'cpu', pointer) : draft.find('cpu', 'cpu');
    if (kind === 'v1') planV1(draft, cpu, pointer);
    else if (kind === 'v2') planV2(draft, cpu, pointer);
  }
  for (const [field, list] of [
    ['cpus', cpu.cpus],
    ['mems', cpu.mems],
  ] as const) {
    if (list === undefined || list === '') continue;
    const at = `${pointer}/${field}`;
    const hierarchy = draft.place('cpuset', 'cpuset', at);
    draft.write({ hierarchy, controller: 'cpuset', file: `cpuset.${field}`, value: list, pointer: at });
  }
}

type Extra = Pick<CgroupWrite, 'temporary' | 'tolerate'>;

/** Writes one file of the controller, for one field of the section. */
function writerOf(draft: PlanDraft, hierarchy: 'v1' | 'v2', pointer: string) {
  return (file: string, value: string, field: string, extra: Extra = {}): void =>
    draft.write({
      hierarchy,
      controller: 'cpu',
      file: `cpu.${file}`,
      value,
      pointer: `${pointer}/${field}`,
      ...extra,
    });
}

function planV1(draft: PlanDraft, cpu: CpuResources, pointer: string): void {
  const at = writerOf(draft, 'v1', pointer);
  planIdleAndWeight({ draft, hierarchy: 'v1', pointer }, cpu, () =>
    at('shares', digits(cpu.shares ?? 0), 'shares'),
  );
  // In use, the old quota stands between the new period and burst and their being accepted: lift it for a moment.
  if (draft.present !== undefined && isSet(cpu.quota) && (isSet(cpu.period) || cpu.burst !== undefined))
    at('cfs_quota_us', '-1', 'quota', { temporary: true });
  if (isSet(cpu.period)) at('cfs_period_us', digits(cpu.period), 'period');
  if (cpu.burst !== undefined) at('cfs_burst_us', digits(cpu.burst), 'burst', noneIfMissing(cpu.burst));
  if (isSet(cpu.quota)) at('cfs_quota_us', digits(cpu.quota), 'quota');
  planRealtime(draft, cpu, at);
}

/** Kernels before 5.14 have no bursts: then there is none, as was asked. */
function noneIfMissing(burst: number | bigint): { tolerate?: readonly string[] } {
  return isSet(burst) ? {} : { tolerate: ['ENOENT'] };
}

type WriteV1 = (file: string, value: string, field: string) => void;

/**
 * The kernel keeps runtime <= period at every moment, and the share of time within the parent's (sched-rt-group.rst):
 * a period that grows goes first, one that shrinks last.
 */
function planRealtime(draft: PlanDraft, cpu: CpuResources, at: WriteV1): void {
  const { realtimePeriod: period, realtimeRuntime: runtime } = cpu;
  const before = draft.present?.realtimePeriod;
  const shrinks = isSet(period) && before !== undefined && BigInt(period) < before;
  if (isSet(period) && !shrinks) at('rt_period_us', digits(period), 'realtimePeriod');
  if (isSet(runtime)) at('rt_runtime_us', digits(runtime), 'realtimeRuntime');
  if (isSet(period) && shrinks) at('rt_period_us', digits(period), 'realtimePeriod');
}

function planV2(draft: PlanDraft, cpu: CpuResources, pointer: string): void {
  const at = writerOf(draft, 'v2', pointer);
  if (isSet(cpu.realtimeRuntime) || isSet(cpu.realtimePeriod)) {
    const field = isSet(cpu.realtimeRuntime) ? 'realtimeRuntime' : 'realtimePeriod';
    draft.refuse(`${pointer}/${field}`, 'cgroup v2 has no limit for real-time scheduling');
  }
  planIdleAndWeight({ draft, hierarchy: 'v2', pointer }, cpu, () =>
    at('weight', sharesToWeight(cpu.shares ?? 0), 'shares'),
  );
  // the kernel keeps burst <= quota at every moment
  const changesBoth = draft.present !== undefined && isSet(cpu.quota) && cpu.burst !== undefined;
  if (changesBoth) at('max.burst', '0', 'burst', { temporary: true });
  if (isSet(cpu.quota) || isSet(cpu.period)) {
    const [presentQuota = 'max', presentPeriod] = (draft.present?.cpuMax ?? 'max').split(' ');
    const quota = isSet(cpu.quota) ? (BigInt(cpu.quota) < 0n ? 'max' : digits(cpu.quota)) : presentQuota;
    const period = isSet(cpu.period) ? digits(cpu.period) : presentPeriod;
    at('max', period === undefined ? quota : `${quota} ${period}`, isSet(cpu.quota) ? 'quota' : 'period');
  }
  if (cpu.burst !== undefined) at('max.burst', digits(cpu.burst), 'burst', noneIfMissing(cpu.burst));
}

/** Limits of the processor in the making. */
interface CpuDraft {
  readonly draft: PlanDraft;
  readonly hierarchy: 'v1' | 'v2';
  readonly pointer: string;
}

/**
 * An idle cgroup has no weight (the kernel refuses one): leave idleness first, and skip the weight when going idle.
 */
function planIdleAndWeight(
  { draft, hierarchy, pointer }: CpuDraft,
  cpu: CpuResources,
  writeWeight: () => void,
): void {
  if (cpu.idle !== undefined)
    draft.write({
      hierarchy,
      controller: 'cpu',
      file: 'cpu.idle',
      value: digits(cpu.idle),
      pointer: `${pointer}/idle`,
      tolerate: cpu.idle === 0 ? ['ENOENT'] : undefined,
    });
  if (!isSet(cpu.shares)) return;
  if (cpu.idle === 1) draft.warnings.push(`${pointer}/shares is ignored: an idle cgroup has no weight`);
  else writeWeight();
}

/**
 * `cpu.shares` (2 to 262144, normally 1024) as `cpu.weight` (1 to 10000, normally 100) by the curve through (2, 1),
 * (1024, 100) and (262144, 10000) in logarithms: ceil(10^(l²/612 + 125·l/612 − 7/34)) with l = log2(shares).
 * Source: kubernetes.io/blog, "New Conversion from cgroup v1 CPU Shares to v2 CPU Weight", 2026.
 */
export function sharesToWeight(shares: number | bigint): string {
  const clamped = Math.min(Math.max(Number(shares), 2), 262144);
  const log = Math.log2(clamped);
  const exponent = (log * log + 125 * log) / 612 - 7 / 34;
  // exact powers must not be rounded up for a floating-point rest
  return String(Math.ceil(10 ** exponent - 1e-9));
}
