import type { AuditRule } from '../rule.ts';

const set = (value: number | bigint | undefined): boolean => value !== undefined && value > 0;

export const limits: AuditRule = {
  name: 'limits',
  asks: 'Can the container use up the host’s memory, process ids or processors?',
  why: 'A fork bomb or a leak then stops every other service of the machine.',
  check({ config }, report) {
    const { memory, pids, cpu, unified = {} } = config.linux?.resources ?? {};
    const place = '/linux/resources';
    if (!set(memory?.limit) && unified['memory.max'] === undefined)
      report('medium', place, 'no limit of memory', 'set linux.resources.memory.limit, in bytes');
    if (!set(pids?.limit) && unified['pids.max'] === undefined)
      report('medium', place, 'no limit of processes', 'set linux.resources.pids.limit');
    const shared =
      set(cpu?.quota) || set(cpu?.shares) || cpu?.cpus || unified['cpu.max'] || unified['cpu.weight'];
    if (!shared)
      report(
        'low',
        place,
        'no share of the processors',
        'set linux.resources.cpu.shares, or quota and period',
      );
  },
};
