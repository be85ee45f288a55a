/**
 * A Debian root filesystem that nobody used yet, in layers over one that debootstrap made; commands run in it as
 * root, with namespaces of their own.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../../src/spec/config.ts';
import { makeRootfs } from '../../integration/support/bundle.ts';

export interface FreshDebian {
  /** Runs a shell script in it; gives what it printed, and throws unless it succeeded. */
  run(script: string): string;
  /** Copies a file of the machine's into it. */
  put(file: string, path: string): void;
  /** Makes a bundle of busybox in it. */
  bundle(path: string, config: Config): void;
  /** All paths, but for what dpkg keeps about packages and /var/log. */
  files(): string[];
  remove(): void;
}

/** The kernel's filesystems where a machine has them; the root is entered by pivot_root(2), as a machine's own is. */
const enter = `
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir run/old
pivot_root . run/old
cd /
umount -l /run/old
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive
exec sh -ec "$3"
`;

export function makeFreshDebian(lower: string): FreshDebian {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-fresh-debian-'));
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(directory, name));
  const run = (script: string): string => {
    const namespaces = ['--mount', '--pid', '--fork', '--propagation', 'private'];
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [...namespaces, 'sh', '-c', enter, 'sh', lower, directory, script],
      { encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 26 },
    );
    if (status !== 0) throw new Error(`${script}: status ${status}: ${stderr}${stdout}`);
    return stdout;
  };
  return {
    run,
    put: (file, path) => copyFileSync(file, join(directory, 'upper', path)),
    bundle: (path, config) => {
      const bundle = join(directory, 'upper', path);
      makeRootfs(join(bundle, 'rootfs'));
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
    },
    files: () =>
      run('find / -xdev -path /var/lib/dpkg -prune -o -path /var/log -prune -o -print').trim().split('\n'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
