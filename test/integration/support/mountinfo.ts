import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * The lines of this process's own mountinfo. Other tests mount and unmount on directories that they made: of what
 * lies below the directory of temporary files only mounts that name one of `own` are among them.
 */
export function hostMounts(own: readonly string[]): string[] {
  const others = ` ${tmpdir()}/`;
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !line.includes(others) || own.some((word) => line.includes(word)));
}

/** One line of /proc/PID/mountinfo (proc(5)). */
export interface MountLine {
  readonly id: number;
  readonly parent: number;
  /** Directory of the filesystem that is mounted. */
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, `unbindable`; empty for a private mount. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

const decoded = (text: string) =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export function parseMountinfo(text: string): MountLine[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [id, parent, , root = '', target = '', options = '', ...propagation] = before.split(' ');
      const [type = '', source = '', superOptions = ''] = after.split(' ');
      return {
        id: Number(id),
        parent: Number(parent),
        root: decoded(root),
        target: decoded(target),
        options: options.split(','),
        propagation: propagation.filter((each) => each !== ''),
        type,
        source: decoded(source),
        superOptions: superOptions.split(','),
      };
    });
}
