import { readFileSync } from 'node:fs';

/** One mount as /proc/PID/mountinfo tells it (proc(5)). */
export interface MountLine {
  readonly id: number;
  readonly parent: number;
  /** Path inside the filesystem. */
  readonly root: string;
  /** Path inside the process's root. */
  readonly target: string;
  readonly options: readonly string[];
  /** `shared:7`, `master:3`, `unbindable` and so on. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superblock: string;
}

const plain = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function parseLine(line: string): MountLine {
  const [before = '', after = ''] = line.split(' - ');
  const [id, parent, , root = '', target = '', options = '', ...propagation] = before.split(' ');
  const [type = '', source = '', superblock = ''] = after.split(' ');
  return {
    id: Number(id),
    parent: Number(parent),
    root: plain(root),
    target: plain(target),
    options: options.split(','),
    propagation: propagation.filter((word) => word !== ''),
    type,
    source,
    superblock,
  };
}

/** The mounts that a process sees, in the order in which they lie on each other. */
export function mountsOf(pid: number | 'self'): MountLine[] {
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n').map(parseLine);
}

/** The topmost mount at exactly this path. Throws when there is none. */
export function findMount(pid: number | 'self', target: string): MountLine {
  const found = mountsOf(pid).findLast((mount) => mount.target === target);
  if (found === undefined) throw new Error(`nothing is mounted at ${target}`);
  return found;
}
