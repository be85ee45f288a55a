import { maximumCpus, maximumNodes } from '../../spec/kernel-flags.ts';
import { listNumbers } from '../../spec/number-list.ts';
import type { CpusetStatistics } from './cgroup-statistics.ts';
import type { StatisticsFiles } from './statistics-files.ts';

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
  return { ...lists(cpus, files.text('cpuset.mems')), flags };
}

export function cpusetV2(files: StatisticsFiles): CpusetStatistics | undefined {
  const cpus = files.text('cpuset.cpus.effective');
  if (cpus === undefined) return undefined;
  return { ...lists(cpus, files.text('cpuset.mems.effective')), flags: {} };
}

function lists(cpus: string, mems: string | undefined): Omit<CpusetStatistics, 'flags'> {
  return {
    cpus: listNumbers(cpus, 'CPUs', maximumCpus),
    mems: listNumbers(mems, 'memory nodes', maximumNodes),
  };
}
