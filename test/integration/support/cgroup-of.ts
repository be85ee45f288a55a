/** The cgroup of a container that a test made, as the kernel shows it on the host. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavedCgroup } from '../../../src/cgroup/saved-cgroup.ts';
import type { Sandbox } from './sandbox.ts';

/** True on a machine with cgroup v2 alone. */
export const pureV2 = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n').length === 1;

/** Where the state says that a container's cgroup is. */
export function savedCgroup(sandbox: Sandbox, id: string): SavedCgroup {
  return JSON.parse(readFileSync(join(sandbox.root, id, 'state.json'), 'utf8')).cgroup;
}

/** A control file by its two names: of the v1 controller, and of v2. */
export interface ControlFile {
  readonly controller: string;
  readonly v1: string;
  readonly v2: string;
}

export const files = {
  memoryLimit: { controller: 'memory', v1: 'memory.limit_in_bytes', v2: 'memory.max' },
  pidsLimit: { controller: 'pids', v1: 'pids.max', v2: 'pids.max' },
  pidsNow: { controller: 'pids', v1: 'pids.current', v2: 'pids.current' },
  pidsEvents: { controller: 'pids', v1: 'pids.events', v2: 'pids.events' },
  cpuStat: { controller: 'cpu', v1: 'cpu.stat', v2: 'cpu.stat' },
  cpuset: { controller: 'cpuset', v1: 'cpuset.cpus', v2: 'cpuset.cpus' },
} as const satisfies Record<string, ControlFile>;

/** What a control file of a container holds. */
export function control(sandbox: Sandbox, id: string, { controller, v1, v2 }: ControlFile): string {
  const { hierarchies, unified } = savedCgroup(sandbox, id);
  const hierarchy = hierarchies.find(({ controllers }) => controllers.includes(controller));
  const path = hierarchy === undefined ? join(unified?.path ?? '', v2) : join(hierarchy.path, v1);
  return readFileSync(path, 'utf8').trim();
}

/** `quota period` in microseconds. */
export function cpuQuota(sandbox: Sandbox, id: string): string {
  const part = (name: string) =>
    control(sandbox, id, { controller: 'cpu', v1: `cpu.cfs_${name}_us`, v2: 'cpu.max' });
  return pureV2 ? part('quota') : `${part('quota').replace('-1', 'max')} ${part('period')}`;
}

/** One number of a `key value` file. */
export function counter(text: string, key: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${key} `));
  if (line === undefined) throw new Error(`no ${key} in ${text}`);
  return Number(line.slice(key.length + 1));
}
