/** Options and arguments of the commands that say what a container may use, and what it uses. */
import { id } from './shared-options.ts';
import type { CommandShape } from './table.ts';

export const updateShape = {
  options: [
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
  ],
  positionals: [id],
} as const satisfies CommandShape;

export const eventsShape = {
  options: [
    {
      name: 'interval',
      type: 'string',
      value: 'TIME',
      default: '5s',
      help: 'time between two statistics, such as 5s or 1m30s',
    },
    { name: 'stats', type: 'boolean', help: 'print the statistics once' },
  ],
  positionals: [id],
} as const satisfies CommandShape;

export const statsShape = {
  options: [
    { name: 'json', type: 'boolean', help: 'print a line of JSON at a time instead of a table' },
    { name: 'no-stream', type: 'boolean', help: 'print once instead of going on' },
    {
      name: 'interval',
      type: 'string',
      value: 'TIME',
      default: '1s',
      help: 'time between two looks, such as 5s or 1m30s',
    },
  ],
  positionals: [],
  rest: {
    value: 'CONTAINER-ID…',
    help: 'the containers to show (default: all that run)',
    begins: 'anywhere',
    complete: 'container',
  },
} as const satisfies CommandShape;
