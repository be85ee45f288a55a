/** What containers of one test have left anywhere on the machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed, mountsNaming } from './leftovers.ts';

/** A file of procfs, or nothing when its process is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Processes that run, live in a cgroup or see a mount that any of these words names. */
function processesNaming(words: readonly string[]): string[] {
  const named = (text: string): boolean => words.some((word) => text.includes(word));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'cgroup', 'mountinfo'].some((file) => named(read(join('/proc', pid, file)))))
    .map((pid) => `process ${pid} ${read(join('/proc', pid, 'cmdline')).replaceAll('\0', ' ')}`);
}

/** What is in a state directory, but for the filters that are kept there on purpose. */
export function stateIn(root: string): string[] {
  return readdirSync(root)
    .filter((name) => name !== '@seccomp')
    .map((name) => `state ${name}`);
}

export interface Traces {
  /** Part of every container's id. */
  readonly id: string;
  /** The state directory, and the directories of the bundles. */
  readonly root: string;
  readonly bundles: readonly string[];
}

/** Name of the network device that a test may make, and of its other end. */
export const ownDevice = `tsocif${process.pid % 100_000}`;
export const itsOtherEnd = `${ownDevice}p`;

/** State, cgroups, mounts, processes and network devices of containers that should be gone; empty when they are. */
export function tracesOf({ id, root, bundles }: Traces): string[] {
  const words = [id, root, ...bundles];
  return [
    ...stateIn(root),
    ...cgroupsNamed(id).map((path) => `cgroup ${path}`),
    ...[id, ...bundles].flatMap((word) => mountsNaming(word)),
    ...processesNaming(words),
    ...readdirSync('/sys/class/net')
      .filter((name) => name === ownDevice || name === itsOtherEnd)
      .map((name) => `network device ${name}`),
  ];
}
