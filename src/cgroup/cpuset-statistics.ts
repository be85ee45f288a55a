import { parseNumberList } from './number-ranges.ts';
import type { StatisticsFiles } from './statistics-files.ts';

/** What a cgroup says of its CPUs and memory nodes; flags as the numbers that v1 has. */
export interface CpusetStatistics {
  readonly cpus: readonly number[] | undefined;
  readonly mems: readonly number[] | undefined;
  /** v1 flags by file name without `cpuset.`; empty on v2. */
  readonly flags: Readonly<Record<string, number>>;
}

const FLAGS = [
  'cpu_exclusive',
  'mem_hardwall',
  'mem_exclusive',
  'memory_migrate',
  'memory_spread_page',
  'memory_spread_slab',
  'memory_pressure',
  'sched_load_balance',
  'sched_relax_domain_level',
] as const;

/** Documentation/admin-guide/cgroup-v1/cpusets.rst, and cgroup-v2.rst, "Cpuset". */
export function cpusetV1(files: StatisticsFiles | undefined): CpusetStatistics | undefined {
  const cpus = files?.text('cpuset.cpus');
  if (files === undefined || cpus === undefined) return undefined;
  const flags: Record<string, number> = {};
  for (const name of FLAGS) {
    const value = files.number(`cpuset.${name}`);
    if (value !== undefined) flags[name] = value;
  }
  return { cpus: parseNumberList(cpus), mems: parseNumberList(files.text('cpuset.mems')), flags };
}

export function cpusetV2(files: StatisticsFiles): CpusetStatistics | undefined {
  const cpus = files.text('cpuset.cpus.effective');
  if (cpus === undefined) return undefined;
  return {
    cpus: parseNumberList(cpus),
    mems: parseNumberList(files.text('cpuset.mems.effective')),
    flags: {},
  };
}
