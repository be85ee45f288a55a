import { integer, size } from './convert/limits.ts';
import { present } from './present.ts';
import type { updateShape } from './resource-shapes.ts';
import type { Values } from './table.ts';

type UpdateValues = Values<typeof updateShape.options>;

/** The limits that the options of `update` name, as the document that `--resources` would have read. */
export function updateResources(values: UpdateValues): object {
  const whole = (name: keyof UpdateValues & string, least: -1 | 0 = 0) => {
    const given = values[name];
    return typeof given === 'string' ? integer(name, given, least) : undefined;
  };
  const bytes = (name: keyof UpdateValues & string) => {
    const given = values[name];
    return typeof given === 'string' ? size(name, given) : undefined;
  };
  const cpu = present({
    shares: whole('cpu-share'),
    quota: whole('cpu-quota', -1),
    burst: whole('cpu-burst'),
    period: whole('cpu-period'),
    realtimeRuntime: whole('cpu-rt-runtime', -1),
    realtimePeriod: whole('cpu-rt-period'),
    cpus: values['cpuset-cpus'],
    mems: values['cpuset-mems'],
    idle: whole('cpu-idle'),
  });
  const memory = present({
    limit: bytes('memory'),
    reservation: bytes('memory-reservation'),
    swap: bytes('memory-swap'),
    kernel: bytes('kernel-memory'),
    kernelTCP: bytes('kernel-memory-tcp'),
  });
  const pids = present({ limit: whole('pids-limit', -1) });
  const blockIO = present({ weight: whole('blkio-weight') });
  const sections = { cpu, memory, pids, blockIO };
  return Object.fromEntries(
    Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0),
  );
}
