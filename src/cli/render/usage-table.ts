import type { ContainerUsage } from '../../container/stats.ts';
import { columns } from './columns.ts';

/**
 * A usual row has room in 80 columns; the three numbers of PRESSURE are of processor, memory and I/O, as the help
 * says.
 */
const header = ['ID', 'CPU', 'MEMORY', 'LIMIT', 'USED', 'PIDS', 'READ', 'WRITTEN', 'THROTTLED', 'PRESSURE'];
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const unknown = '-';

/** `1.5 GiB`: three digits are enough for people. */
export function bytes(value: number): string {
  let power = 0;
  for (; value >= 999.5 && power < units.length - 1; power++) value /= 1024;
  const text = power === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${units[power]}`;
}

function percent(value: number | undefined): string {
  return value === undefined ? unknown : `${value.toFixed(1)}%`;
}

function row({ id, status, cpuPercent, memory, pids, blockIo, throttledPercent, pressure }: ContainerUsage) {
  const share = memory?.limit === undefined ? undefined : (100 * memory.usage) / memory.limit;
  return [
    status === 'paused' ? `${id} (paused)` : id,
    percent(cpuPercent),
    memory === undefined ? unknown : bytes(memory.usage),
    memory?.limit === undefined ? unknown : bytes(memory.limit),
    percent(share),
    pids === undefined
      ? unknown
      : pids.limit === undefined
        ? `${pids.current}`
        : `${pids.current}/${pids.limit}`,
    blockIo === undefined ? unknown : bytes(blockIo.read),
    blockIo === undefined ? unknown : bytes(blockIo.written),
    percent(throttledPercent),
    [pressure.cpu, pressure.memory, pressure.io].map((value) => value?.toFixed(1) ?? unknown).join(' '),
  ];
}

/** The table of `stats`; only the header when nothing runs. */
export function usageTable(containers: readonly ContainerUsage[]): string {
  return columns([header, ...containers.map(row)], 6, 2);
}
