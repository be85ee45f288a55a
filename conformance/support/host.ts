/** What the suite needs of the machine before it can begin. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const unified = '/sys/fs/cgroup/unified';

/** Compiles the programs of probe/ into `directory`. Throws when there is no C compiler. */
export function buildProbes(directory: string): void {
  for (const name of ['probe', 'receive']) {
    const source = join(import.meta.dirname, `../probe/${name}.c`);
    execFileSync('cc', ['-static', '-O2', '-o', join(directory, name), source], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

/** A cgroup2 mount beside v1 hierarchies, which some runtimes refuse while a controller sits in it. */
export function hasHybridMount(): boolean {
  if (!existsSync(join(unified, 'cgroup.procs'))) return false;
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${unified} `);
}

/**
 * The command that runs `argv` where that mount is out of sight, in a mount namespace of its own. A tmpfs takes its
 * place: crun makes directories there, which would stay, forever out of sight below the real mount.
 */
export function withoutHybridMount(argv: readonly string[]): readonly string[] {
  const script = `umount ${unified} && mount -t tmpfs none ${unified} && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...argv];
}
