import { parseJson } from '../../bundle/json/parse-json.ts';
import { defined } from '../../defined.ts';
import { integer, size } from '../convert/limits.ts';
import { readDocument } from '../read-document.ts';
import { command } from '../table/command.ts';
import type { OptionRow, Values } from '../table/rows.ts';
import { id } from '../table/shared-options.ts';

const options = [
  {
    name: 'resources',
    alias: 'r',
    type: 'string',
    value: 'FILE',
    help: 'read the limits from this JSON file in the form of linux.resources, or from standard input for -',
    complete: 'file',
  },
  { name: 'blkio-weight', type: 'string', value: 'WEIGHT', help: 'share of disk time, 10 to 1000' },
  { name: 'cpu-period', type: 'string', value: 'MICROSECONDS', help: 'period that --cpu-quota is about' },
  {
    name: 'cpu-quota',
    type: 'string',
    value: 'MICROSECONDS',
    help: 'processor time in each period; -1 for no limit',
  },
  { name: 'cpu-burst', type: 'string', value: 'MICROSECONDS', help: 'unused quota that may be saved up' },
  { name: 'cpu-share', type: 'string', value: 'SHARES', help: 'processor time in proportion to others' },
  {
    name: 'cpu-rt-period',
    type: 'string',
    value: 'MICROSECONDS',
    help: 'period that --cpu-rt-runtime is about',
  },
  {
    name: 'cpu-rt-runtime',
    type: 'string',
    value: 'MICROSECONDS',
    help: 'real-time processor time in each period',
  },
  { name: 'cpu-idle', type: 'string', value: '0|1', help: 'run only when nobody else wants the processor' },
  { name: 'cpuset-cpus', type: 'string', value: 'LIST', help: 'processors to use, such as 0-2,4' },
  { name: 'cpuset-mems', type: 'string', value: 'LIST', help: 'memory nodes to use' },
  { name: 'memory', type: 'string', value: 'SIZE', help: 'most memory, such as 512M; -1 for no limit' },
  {
    name: 'memory-reservation',
    type: 'string',
    value: 'SIZE',
    help: 'memory that is left to it when memory is short',
  },
  {
    name: 'memory-swap',
    type: 'string',
    value: 'SIZE',
    help: 'most memory and swap together; -1 for no limit',
  },
  {
    name: 'kernel-memory',
    type: 'string',
    value: 'SIZE',
    help: 'accepted; Linux has no such limit any more',
    hidden: true,
  },
  {
    name: 'kernel-memory-tcp',
    type: 'string',
    value: 'SIZE',
    help: 'most memory for TCP buffers (cgroup v1)',
  },
  {
    name: 'pids-limit',
    type: 'string',
    value: 'COUNT',
    help: 'most processes and threads; -1 for no limit',
  },
  {
    name: 'l3-cache-schema',
    type: 'string',
    value: 'SCHEMA',
    help: "schema of the processor's L3 cache, for resctrl",
  },
  {
    name: 'mem-bw-schema',
    type: 'string',
    value: 'SCHEMA',
    help: 'schema of the memory bandwidth, for resctrl',
  },
  {
    name: 'device-add',
    type: 'strings',
    value: 'DEVICE',
    help: 'let it use a device, and make its node: HOST[:CONTAINER][:ACCESS] or TYPE:MAJOR:MINOR[:CONTAINER][:ACCESS]; may be repeated',
    complete: 'file',
  },
  {
    name: 'device-rm',
    type: 'strings',
    value: 'DEVICE',
    help: 'take a device away: its path in the container, or TYPE:MAJOR:MINOR; may be repeated',
  },
] as const satisfies readonly OptionRow[];

type UpdateValues = Values<typeof options>;

export const updateCommand = command({
  name: 'update',
  summary: 'change the limits of a container',
  description: [
    'All or nothing: when one limit is refused, those in force before are back. What is not named stays as it is. Sizes may end in K, M, G ' +
      'or T, which are powers of 1024.',
    'With --resources all limits come from a JSON document in the form of linux.resources, and options that name limits are without effect.',
    'Devices are added and removed beside the rules of the container or of the document: the rule, and the node in its /dev. ACCESS is of r, w ' +
      'and m, all of them without it. TYPE is c or b; without CONTAINER numbers make no node. In a user namespace the node is a mount of the ' +
      "host's.",
  ],
  examples: [
    { command: 'update --memory 512M --pids-limit 100 web1', does: 'give web1 other limits' },
    { command: 'update web1 --cpu-quota -1', does: 'lift the limit of processor time' },
    {
      command: 'update --device-add /dev/fuse --device-rm /dev/kvm web1',
      does: 'give it one device and take another',
    },
    { command: 'update --resources limits.json web1', does: 'take the limits from a file' },
  ],
  options,
  positionals: [id],
  async handler({ arguments: { id }, values, context }) {
    const { update } = await import('../../container/update.ts');
    const opened = await context();
    const file = values.resources;
    const name = file === '-' ? 'standard input' : file;
    const named = updateResources(values);
    if (name !== undefined && Object.keys(named).length > 0)
      opened.warn(`update: options that name limits are without effect beside --resources`);
    const resources =
      name === undefined
        ? named
        : parseJson(readDocument(opened.host.native, file ?? '', 'the limits'), name);
    const schemata = defined({
      l3CacheSchema: values['l3-cache-schema'],
      memBwSchema: values['mem-bw-schema'],
    });
    await update(opened, id, {
      resources,
      name: name ?? 'update',
      ...schemata,
      addDevices: values['device-add'],
      removeDevices: values['device-rm'],
    });
    return 0;
  },
});

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
  const cpu = defined({
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
  const memory = defined({
    limit: bytes('memory'),
    reservation: bytes('memory-reservation'),
    swap: bytes('memory-swap'),
    kernel: bytes('kernel-memory'),
    kernelTCP: bytes('kernel-memory-tcp'),
  });
  const pids = defined({ limit: whole('pids-limit', -1) });
  const blockIO = defined({ weight: whole('blkio-weight') });
  const sections = { cpu, memory, pids, blockIO };
  return Object.fromEntries(
    Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0),
  );
}
